// Who writes over REST: the API key. Where a reason is due and none is given, it stands in for that too.
export const ACTOR = "api";
