import { Curve } from "./curve";
import { duration, effect, percent, term, visible } from "./text";
import type { Frame, Picture, Status, Store } from "./types";

const CORPUS = "corpus";

/** The score as the sum of its terms, and how exact that is. */
export function LedgerLine({ store }: { store: Store }) {
  const picture = store.picture.value;
  if (!picture) return <FirstProgress store={store} />;
  const { certificate } = picture.frame;
  return (
    <div class="sv-ledger">
      <div>
        <Sum store={store} picture={picture} />
        <StatusLine store={store} picture={picture} />
      </div>
      <div>
        <p class="sv-certificate">
          {sentence(certificate.sentence)}
          {certificate.message && ` ${sentence(certificate.message)}`}
        </p>
        <Curve store={store} />
      </div>
    </div>
  );
}

function FirstProgress({ store }: { store: Store }) {
  const status = store.status.value;
  if (status.kind !== "running") return null;
  return (
    <div class="sv-ledger">
      <Progress store={store} status={status} />
    </div>
  );
}

function Sum({ store, picture }: { store: Store; picture: Picture }) {
  const { ledger, frame, folded } = picture;
  return (
    <p class="sv-terms">
      <span class="sv-term">
        <Measure store={store} picture={picture} /> <b class="sv-score">{term(ledger.score)}</b>
      </span>{" "}
      {frame.method === "deletion" ? (
        <Term name="pairs by deletion" value={effect(ledger.pairs)} />
      ) : (
        <>
          <span class="sv-sign">=</span> <Term name="pairs" value={effect(ledger.pairs)} />{" "}
          {!folded && (
            <>
              <Term name="tokens of A" value={effect(ledger.tokensA)} />{" "}
              <Term name="tokens of B" value={effect(ledger.tokensB)} />{" "}
              <Term name="base" value={effect(ledger.base)} />{" "}
            </>
          )}
          <Term name="residual" value={residual(ledger.residual)} />
        </>
      )}
    </p>
  );
}

function Term({ name, value }: { name: string; value: string }) {
  return (
    <span class={name === "residual" ? "sv-term sv-residual" : "sv-term"}>
      {name} <b>{value}</b>
    </span>
  );
}

function Measure({ store, picture }: { store: Store; picture: Picture }) {
  const choices = store.choices.similarities.value;
  if (choices.length < 2) return <>{picture.measure}</>;
  return (
    <select
      class="sv-plain"
      aria-label="Similarity"
      value={store.similarity.value}
      onChange={(event) => {
        store.similarity.value = event.currentTarget.value === "dot" ? "dot" : "cosine";
      }}
    >
      {choices.map((choice) => (
        <option key={choice} value={choice}>
          {choice === "dot" ? "dot product" : "similarity"}
        </option>
      ))}
    </select>
  );
}

/** A residual below the printed digits keeps its first one. */
function residual(value: number): string {
  return Math.abs(value) < 0.0005 && value !== 0 ? term(value) : effect(value);
}

function sentence(text: string): string {
  const start = visible(text.charAt(0).toUpperCase() + text.slice(1));
  return /[.!?]$/.test(start) || start === "" ? start : `${start}.`;
}

/** Why the picture is not of the settings shown. */
const STALE: Partial<Record<Status["kind"], string>> = {
  stale: "the settings have changed",
  waiting: "no answer yet",
  cancelled: "cancelled",
  failed: "the computation failed",
};

function StatusLine({ store, picture }: { store: Store; picture: Picture }) {
  const status = store.status.value;
  if (status.kind === "running") return <Progress store={store} status={status} />;
  const stale = store.stale.value && STALE[status.kind];
  const [tone, text] = stale ? ["poor", `stale: ${stale}`] : verdict(picture.frame);
  return (
    <p class={`sv-status sv-${tone}`}>
      <span class="sv-dot" aria-hidden="true" /> {text}
    </p>
  );
}

/** How good the result is: in colour, and in a word. */
function verdict({ certificate, method, progress }: Frame): [string, string] {
  const { converged, stepsA, stepsB } = certificate;
  if (method === "deletion") return ["neutral", "preview by deletion"];
  if (progress < 1) return ["poor", "unfinished"];
  if (converged === null) return ["neutral", `${Math.max(stepsA, stepsB)} steps`];
  return converged ? ["good", "settled"] : ["poor", "not settled"];
}

function Progress({ store, status }: { store: Store; status: Status & { kind: "running" } }) {
  const { fraction, remaining } = status;
  const left = remaining === null ? "" : `, ${duration(remaining)} left`;
  return (
    <div class="sv-status sv-running">
      <progress max={1} value={fraction} aria-label="Progress of the computation" />
      <span>
        {percent(fraction)}
        {left}
      </span>
      <button type="button" class="sv-button" onClick={() => store.cancel()}>
        Cancel
      </button>
    </div>
  );
}

/** What has to be said about the result, and what went wrong. */
export function Notices({ store }: { store: Store }) {
  const status = store.status.value;
  const frame = store.frame.value;
  return (
    <div class="sv-notices">
      <div role="alert">
        {status.kind === "failed" && <p class="sv-warning sv-failure">{visible(status.message)}</p>}
        {status.kind === "waiting" && <p class="sv-warning">{status.message}</p>}
      </div>
      {status.kind === "cancelled" && (
        <p class="sv-warning">Cancelled. Shown is the last result.</p>
      )}
      {frame?.referenceDominates && <Reference store={store} />}
      {frame?.notes.map((note) => (
        <p key={note}>{visible(note)}</p>
      ))}
    </div>
  );
}

function Reference({ store }: { store: Store }) {
  const live = store.choices.live.value || store.choices.baselines.value.includes(CORPUS);
  return (
    <p class="sv-warning">
      The reference terms exceed the score, so the pairs alone say little.{" "}
      {live && store.settings.baseline.value !== CORPUS && (
        <button type="button" class="sv-link" onClick={() => store.change({ baseline: CORPUS })}>
          Try the corpus baseline
        </button>
      )}
    </p>
  );
}
