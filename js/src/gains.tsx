import { Bar } from "./bar";
import { look, tokenPlace } from "./lit";
import { NOWHERE } from "./pointer";
import { effect, label } from "./text";
import type { Picture, Store } from "./types";

const NEGLIGIBLE = 0.0005;

/** Why one text B and not the other: what each word of A gains, to the difference of the pairs. */
export function Gains({ store, one, two }: { store: Store; one: Picture; two: Picture }) {
  const gains = one.rows.map((token, row) => ({
    row,
    token,
    gain: (one.rowSums[row] ?? 0) - (two.rowSums[row] ?? 0),
  }));
  const largest = Math.max(...gains.map(({ gain }) => Math.abs(gain)));
  const shown = gains.filter(
    ({ token, gain }) => token.role === "text" || Math.abs(gain) > NEGLIGIBLE,
  );
  return (
    <figure class="sv-one">
      <figcaption>
        <b>what each word of A gains</b>
        <span class="sv-quiet">with the first B over the other</span>
      </figcaption>
      <table class="sv-pairs sv-gains" onPointerLeave={() => look(store, NOWHERE)}>
        <tbody>
          {shown.map(({ row, token, gain }) => (
            <tr key={row} onPointerEnter={() => look(store, tokenPlace("a", row))}>
              <th scope="row">
                <bdi>{label(token.text)}</bdi>
              </th>
              <td class="sv-length">
                <Bar value={gain} largest={largest} />
              </td>
              <td class="sv-effect">{effect(gain)}</td>
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">all pairs</th>
            <td />
            <td class="sv-effect">
              <b>{effect(one.ledger.pairs - two.ledger.pairs)}</b>
            </td>
          </tr>
        </tfoot>
      </table>
    </figure>
  );
}
