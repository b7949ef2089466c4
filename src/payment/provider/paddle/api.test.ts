import { expect, it } from "vitest";
import { apiOriginOf, isLiveKey } from "./api.ts";

it.each([
  ["pdl_live_apikey_1", "https://api.paddle.com", true],
  ["pdl_sdbx_apikey_1", "https://sandbox-api.paddle.com", false],
  ["0123456789abcdef", "https://api.paddle.com", false],
])("the key %s belongs to %s", (apiKey, origin, isLive) => {
  expect([apiOriginOf(apiKey), isLiveKey(apiKey)]).toEqual([origin, isLive]);
});
