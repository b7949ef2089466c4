// Paddle Billing conforms by its events alone.
import { conforms } from "./conforms.ts";
import { paddleAdapter } from "./paddle-adapter.ts";

conforms("Paddle without a key", paddleAdapter(null));
