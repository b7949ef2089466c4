import type { Pack } from "tallystick";
import { packOffers } from "../../billing/offers.ts";
import { wholeNumber } from "../../format.ts";
import { PriceRow, type Buyer } from "./price-row.tsx";

export function PackCard({ pack, buyer }: { pack: Pack; buyer: Buyer }) {
  const { id, name, credits, validDays } = pack;
  return (
    <article aria-labelledby={`pack-${id}`} className="panel grid grid-cols-1 gap-4 p-6">
      <div>
        <h3 id={`pack-${id}`} className="text-lg font-semibold">
          {name}
        </h3>
        <p className="mt-2 leading-relaxed">
          <strong className="font-semibold tabular-nums">{wholeNumber(credits)} credits</strong>
        </p>
        <p className="text-[0.9375rem] leading-relaxed text-muted">
          {validDays === null ? "They never expire." : `Valid ${validDays} days.`}
        </p>
      </div>
      {packOffers(pack).map((offer) => (
        <PriceRow key={offer.priceId} offer={offer} buyer={buyer} label="Buy" />
      ))}
    </article>
  );
}
