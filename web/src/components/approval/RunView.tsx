import { IconKey } from "@tabler/icons-react";
import { Bytes, Hidden } from "@/ui/Bytes";
import { LinePieces, UntrustedText } from "@/ui/BytesText";
import { countHidden } from "@/ui/BytesTokens";
import { hostIn, type Run } from "./action";
import classes from "./approval.module.css";

export interface RunViewProps {
  run: Run;
  /** How the credential is called, where that is known. */
  credential: string | undefined;
  target: string;
  onSeen: (part: string, isSeen: boolean) => void;
  /** Behind the names of its parts, where another run stands on the page. */
  suffix?: string;
}

/** What would run, whole: the address, the headers with the credential's place, the body. */
export function RunView({ run, credential, target, onSeen, suffix = "" }: RunViewProps) {
  const slot = `${credential ? `${credential} ` : ""}credential of ${target}`;
  return (
    <div className={classes.run}>
      {run.url !== undefined && <Address method={run.method ?? ""} url={run.url} />}
      {run.credentialParameter !== undefined && (
        <p className={classes.none}>
          The query parameter <UntrustedText value={run.credentialParameter} isCode /> is the <Slot>{slot}</Slot>, put
          in by the gateway.
        </p>
      )}
      {run.headers.length > 0 && (
        <dl className={classes.headers} aria-label="Headers">
          {run.headers.map(({ name, value, isCredential }, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a header may stand twice with one value
            <div key={index}>
              <dt>
                <UntrustedText value={name} isCode />
              </dt>
              <dd>
                {isCredential ? (
                  <>
                    <Slot>{slot}</Slot> <span className={classes.muted}>put in by the gateway</span>
                  </>
                ) : (
                  <UntrustedText value={value} isCode />
                )}
              </dd>
            </div>
          ))}
        </dl>
      )}
      {run.rest !== undefined && (
        <div>
          <h3 className={classes.label}>{run.method === undefined ? "Input" : "More input"}</h3>
          <Bytes label={`Input${suffix}`} value={run.rest} onAllSeen={(isSeen) => onSeen("the input", isSeen)} />
        </div>
      )}
      {run.body !== undefined ? (
        <div>
          <h3 className={classes.label}>Body</h3>
          <Bytes label={`Body${suffix}`} value={run.body} onAllSeen={(isSeen) => onSeen("the body", isSeen)} />
        </div>
      ) : (
        run.method !== undefined && <p className={classes.none}>No body.</p>
      )}
    </div>
  );
}

function Slot({ children }: { children: React.ReactNode }) {
  return (
    <span className={classes.slot}>
      <IconKey size={13} aria-hidden />
      <span>{children}</span>
    </span>
  );
}

function Address({ method, url }: { method: string; url: string }) {
  const [before, host, behind] = hostIn(url);
  return (
    <div>
      <p className={classes.address}>
        <b className={classes.method}>
          <LinePieces text={method} />
        </b>
        <bdi dir="ltr" className={classes.url}>
          <LinePieces text={before} isEnd={false} />
          <strong>
            <LinePieces text={host} isEnd={false} />
          </strong>
          <LinePieces text={behind} />
        </bdi>
      </p>
      <Hidden count={countHidden(url)} />
    </div>
  );
}
