import { IconAlertTriangle, IconArrowNarrowRight } from "@tabler/icons-react";
import { Fragment, useMemo } from "react";
import { UntrustedText } from "@/ui/BytesText";
import { RiskMeter, riskLevel } from "@/ui/RiskMeter";
import { VerdictWord } from "@/ui/Words";
import { type Action, judgedOf, type Run, speakerName } from "./action";
import classes from "./approval.module.css";
import { findingsOf, percent } from "./found";
import { warningsOf } from "./warnings";

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

/** What deserves a look before anything else; what scans found in a line, with more in a part of its own. */
export function Warnings({ action, run }: { action: Action; run: Run | undefined }) {
  const warnings = useMemo(() => warningsOf(action, run).filter(({ isFinding }) => !isFinding), [action, run]);
  const findings = findingsOf(action);
  if (warnings.length === 0 && findings.length === 0) return null;
  return (
    <ul className={classes.warnings} aria-label="Warnings">
      {findings.length > 0 && (
        <li>
          <IconAlertTriangle size={16} aria-hidden />
          <span>
            The scan found:{" "}
            {findings.map(({ index, name, score, place, channel }, at) => (
              <Fragment key={index}>
                {at > 0 && "; "}
                {name.toLowerCase()}
                {score !== undefined && ` (${percent(score)})`} in{" "}
                {channel === "input" ? <UntrustedText value={place} isCode /> : "what the target answered"}
              </Fragment>
            ))}
            . Why stands below what runs.
          </span>
        </li>
      )}
      {warnings.map(({ key, text }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two findings may be alike but for their reason
        <li key={`${key} ${index}`}>
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
