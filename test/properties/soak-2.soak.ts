import { soak } from "./soak.ts";

soak("test/properties/ledger-2.test.ts");
