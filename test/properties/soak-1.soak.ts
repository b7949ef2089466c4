import { soak } from "./soak.ts";

soak("test/properties/ledger-1.test.ts");
