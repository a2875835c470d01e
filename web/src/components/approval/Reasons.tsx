import { IconAlertTriangle, IconArrowNarrowRight } from "@tabler/icons-react";
import { UntrustedText } from "@/ui/BytesText";
import { RiskMeter, riskLevel } from "@/ui/RiskMeter";
import { VerdictWord } from "@/ui/Words";
import { type Action, judgedOf, speakerName } from "./action";
import classes from "./approval.module.css";

/** How risky, and why. */
export function Risk({ action }: { action: Action }) {
  const { facts } = judgedOf(action);
  const floor = facts?.risk?.floor;
  const threshold = facts?.target?.risk_threshold;
  return (
    <div>
      <p className={classes.line}>
        <RiskMeter score={action.risk_score} /> <b>{riskLevel(action.risk_score)} risk</b>
        <span className={classes.muted}>
          on a scale to 1{floor !== undefined && `; never below ${floor.toFixed(2)} by the gateway's own rules`}
          {threshold != null && `; the target asks from ${threshold.toFixed(2)} on`}
        </span>
      </p>
      {action.risk_reasons.length > 0 && (
        <ul className={classes.reasons}>
          {action.risk_reasons.map((reason) => (
            <li key={reason}>
              <UntrustedText value={reason} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** Which rule asked, and what else was said. */
export function Trace({ action }: { action: Action }) {
  if (!action.trace) {
    return (
      <p className={classes.text}>
        <UntrustedText value={action.reason} />
      </p>
    );
  }
  return (
    <ul className={classes.voices} aria-label="What was said">
      {action.trace.voices.map((voice, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the order of the voices is what they are known by
        <li key={index}>
          <VerdictWord verdict={voice.verdict} />
          <span>
            {speakerName(voice.speaker)}
            {voice.name ? (
              <>
                {" "}
                <UntrustedText value={voice.name} isCode />
              </>
            ) : (
              voice.id && ` …${voice.id.slice(-8)}`
            )}
            : <UntrustedText value={voice.reason} />
          </span>
          {voice.has_decided && action.trace?.voices.length !== 1 && <i className={classes.muted}>decides</i>}
        </li>
      ))}
    </ul>
  );
}

/** What deserves a look before anything else: taint, findings, what the gateway could not read. */
export function Warnings({ action }: { action: Action }) {
  const { facts } = judgedOf(action);
  const warnings: [string, React.ReactNode][] = [];
  if (action.is_self_asked) {
    warnings.push(["self", "You asked for this yourself: the ledger marks an approval by you as self-approved."]);
  } else if (action.asked_by.startsWith("operator:")) {
    warnings.push(["operator", "An operator asked for this in the agent's name."]);
  }
  if (action.is_current === false) {
    warnings.push([
      "changed",
      "The target, profile, credential or action has changed since: this is no longer what would run.",
    ]);
  }
  if (facts?.tainted)
    warnings.push([
      "taint",
      "The agent has read content from outside before it asked: it may act on words of somebody else.",
    ]);
  for (const finding of facts?.findings ?? []) {
    warnings.push([
      `${finding.category}${finding.place}`,
      <>
        {(finding.category ?? "finding").replaceAll("_", " ")} in{" "}
        <UntrustedText value={finding.place ?? "the request"} isCode />: <UntrustedText value={finding.reason ?? ""} />
      </>,
    ]);
  }
  const unreadable = facts?.input?.unreadable ?? [];
  if (unreadable.length > 0) {
    warnings.push([
      "unread",
      `No rule could look into ${unreadable.join(", ")}: the gateway can't read its form. Look at the bytes.`,
    ]);
  }
  if (warnings.length === 0) return null;
  return (
    <ul className={classes.warnings} aria-label="Warnings">
      {warnings.map(([key, text]) => (
        <li key={key}>
          <IconAlertTriangle size={16} aria-hidden />
          <span>{text}</span>
        </li>
      ))}
    </ul>
  );
}

/** From whom to what: `shop-assistant → payments`. */
export function FromTo({ action }: { action: Action }) {
  return (
    <span className={classes.from}>
      <b>
        <UntrustedText value={action.agent} />
      </b>
      <IconArrowNarrowRight size={16} role="img" aria-label="to" />
      <b>
        <UntrustedText value={action.target} />
      </b>
      {action.profile && (
        <span className={classes.muted}>
          profile <UntrustedText value={action.profile} />
        </span>
      )}
    </span>
  );
}
