// What an audit looks at: the whole ledger, whose tables are read from end to end, or a range of accounts, whose rows are
// reached by indexes, so that a short budget can prove a part of a large ledger.

/** Bigint ids, both inclusive. */
export interface IdRange {
  readonly from: number;
  readonly to: number;
}

/** What the equations read, each as text to stand after FROM. */
export interface Sources {
  readonly accounts: string;
  readonly journal: string;
  readonly lots: string;
  /** Draws of the journal's entries. */
  readonly draws: string;
  /** Draws on the lots. */
  readonly drawsOnLots: string;
  readonly holds: string;
  readonly limits: string;
}

const wholeLedger: Sources = {
  accounts: "tallystick.user_credit",
  journal: "tallystick.credit_transaction",
  lots: "tallystick.credit_lot",
  draws: "tallystick.credit_allocation",
  drawsOnLots: "tallystick.credit_allocation",
  holds: "tallystick.credit_hold",
  limits: "tallystick.credit_spend_limit",
};

export function sourcesOf(range: IdRange | undefined): Sources {
  if (range === undefined) return wholeLedger;
  const inRange = (column: string): string => `${column} between ${range.from} and ${range.to}`;
  // No index finds the closed lots of an account; its positive entries do. A lot that no entry explains is found while it
  // is open; a closed one by the walk over entry ids.
  const lots = `(select lot.* from tallystick.credit_transaction entry join tallystick.credit_lot lot on lot.id = entry.id
      where ${inRange("entry.account_id")} and entry.amount > 0
    union all select lot.* from tallystick.credit_lot lot where lot.open and ${inRange("lot.account_id")}
      and not exists (select from tallystick.credit_transaction entry
        where entry.id = lot.id and ${inRange("entry.account_id")} and entry.amount > 0))`;
  return {
    accounts: `(select * from tallystick.user_credit where ${inRange("id")})`,
    journal: `(select * from tallystick.credit_transaction where ${inRange("account_id")})`,
    lots,
    draws: `(select draw.* from tallystick.credit_transaction entry
      join tallystick.credit_allocation draw on draw.transaction_id = entry.id where ${inRange("entry.account_id")})`,
    drawsOnLots: `(select draw.* from ${lots} lot join tallystick.credit_allocation draw on draw.lot_id = lot.id)`,
    holds: `(select * from tallystick.credit_hold where ${inRange("account_id")})`,
    limits: `(select * from tallystick.credit_spend_limit where ${inRange("account_id")})`,
  };
}
