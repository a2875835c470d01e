//! Numbers for operators: how much is asked, how it is decided, by whom and how fast, and what that says.
//!
//! Counted when it is looked at and kept nowhere, over a span of at most a year and never over more than so many requests; where there
//! were more, that is said. What an operator looked at is not known: how long they can have looked is the time since the request came
//! or since they decided on the one before, whichever is shorter.

use std::{collections::BTreeMap, time::Duration};

use countersign_domain::{OperatorId, Permission, Timestamp, VoteKind};
use countersign_store::analytics::{self, AlwaysAllowed, Counted, Said, Spoken};

use crate::{
    context::OpCx,
    error::{Error, Result},
    gate::Gate,
};

/// The most requests, and the most votes, that numbers are made of.
pub const ANALYTICS_LIMIT: u32 = 100_000;
/// The longest span.
const SPAN_LIMIT: Duration = Duration::from_hours(366 * 24);
/// The most points of a trend.
const POINT_LIMIT: i64 = 1_000;
/// The most rules that are listed.
const RULE_LIMIT: u32 = 500;
/// The most suggestions.
const SUGGESTION_LIMIT: u32 = 100;
/// A suggestion stands on so many approvals and no denial ...
const SUGGESTION_APPROVALS: u32 = 5;
/// ... in so long.
const SUGGESTION_SPAN: Duration = Duration::from_hours(30 * 24);
/// An alarm: so many approvals by one person, without a denial ...
const ALARM_APPROVALS: usize = 20;
/// ... within so long ...
const ALARM_WITHIN: Duration = Duration::from_mins(10);
/// ... of which half were looked at for less.
const ALARM_MEDIAN: Duration = Duration::from_secs(2);

/// A span of time; the last 30 days where nothing is given.
#[derive(Debug, Clone, Copy, Default)]
pub struct AnalyticsSpan {
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
}

/// How much was asked, and how it was decided.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Volume {
    /// How many requests came.
    pub requests: u64,
    /// Of these were allowed at once,
    pub allowed: u64,
    /// asked about,
    pub asked: u64,
    /// denied at once.
    pub denied: u64,
    /// Of those asked about humans approved so many,
    pub approved: u64,
    /// and refused so many.
    pub refused: u64,
    /// How long humans took for one, on average.
    pub mean_decision: Option<Duration>,
}

impl Volume {
    /// The share of what humans decided that they approved.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a share of counts far under 2^52"
    )]
    pub fn approval_rate(&self) -> Option<f64> {
        let decided = self.approved + self.refused;
        (decided > 0).then(|| self.approved as f64 / decided as f64)
    }

    fn of<'row>(rows: impl IntoIterator<Item = &'row Counted>) -> Self {
        let mut volume = Self::default();
        let mut waited_micros = 0_i64;
        for row in rows {
            volume.requests += row.count;
            match row.verdict {
                countersign_domain::Verdict::Allow => volume.allowed += row.count,
                countersign_domain::Verdict::Ask => volume.asked += row.count,
                countersign_domain::Verdict::Deny => volume.denied += row.count,
            }
            match row.said {
                Said::Approved => volume.approved += row.count,
                Said::Denied => volume.refused += row.count,
                Said::Nothing => continue,
            }
            waited_micros = waited_micros.saturating_add(row.waited_micros.max(0));
        }
        let decided = volume.approved + volume.refused;
        volume.mean_decision = u64::try_from(waited_micros)
            .ok()
            .and_then(|micros| micros.checked_div(decided))
            .map(Duration::from_micros);
        volume
    }
}

/// Numbers of a span.
#[derive(Debug, Clone)]
pub struct Overview {
    /// From when.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// How much was asked.
    pub volume: Volume,
    /// How long half of what humans decided took at most.
    pub median_decision: Option<Duration>,
    /// There were more requests than are counted: the newest are.
    pub is_cut: bool,
}

/// One operator's decisions.
#[derive(Debug, Clone)]
pub struct ApproverNumbers {
    /// Who.
    pub operator: OperatorId,
    /// The name; the id where there is none any more.
    pub name: String,
    /// How often they said yes,
    pub approvals: u64,
    /// and no.
    pub denials: u64,
    /// How long half of the requests had waited at most when they spoke.
    pub median_decision: Duration,
    /// When they last spoke.
    pub last_at: Timestamp,
}

/// One rule's, grant's or threshold's verdicts.
#[derive(Debug, Clone)]
pub struct RuleNumbers {
    /// `rule:<id>`, `grant:<id>`, `default` ...
    pub label: String,
    /// A rule's name, while it is there.
    pub name: Option<String>,
    /// What it made.
    pub volume: Volume,
}

/// What could be allowed without asking.
#[derive(Debug, Clone)]
pub struct Suggestion {
    /// For which agent.
    pub agent: String,
    /// On which target.
    pub target: String,
    /// Which action.
    pub action: String,
    /// How often it was approved.
    pub approvals: u64,
    /// When it was last asked for.
    pub last_at: Timestamp,
    /// What wanted it asked about.
    pub asked_by: String,
}

/// Somebody approves faster than anybody can read.
#[derive(Debug, Clone)]
pub struct Alarm {
    /// Who.
    pub operator: OperatorId,
    /// The name; the id where there is none any more.
    pub name: String,
    /// From when
    pub from: Timestamp,
    /// until when.
    pub until: Timestamp,
    /// How often they said yes in that time.
    pub approvals: usize,
    /// Half of them were looked at for at most so long.
    pub median_look: Duration,
}

/// A point of a trend: its beginning and what came in its time.
pub type TrendPoint = (Timestamp, Volume);

fn median(mut list: Vec<Duration>) -> Option<Duration> {
    list.sort_unstable();
    list.get(list.len().saturating_sub(1) / 2).copied()
}

fn between(from: Timestamp, until: Timestamp) -> Duration {
    let micros = until.as_micros().saturating_sub(from.as_micros());
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

impl Gate {
    fn span(&self, cx: &OpCx, span: AnalyticsSpan) -> Result<analytics::Span> {
        cx.require(Permission::ConfigRead)?;
        // Ids are of milliseconds: what came in this one counts.
        let until = span
            .until
            .unwrap_or_else(|| self.now().saturating_add(Duration::from_millis(1)));
        let since = span
            .since
            .unwrap_or_else(|| until.saturating_sub(SUGGESTION_SPAN));
        if since >= until {
            return Err(Error::invalid("since", "the span ends before it begins"));
        }
        if between(since, until) > SPAN_LIMIT {
            return Err(Error::invalid("since", "a span is at most a year long"));
        }
        Ok(analytics::Span {
            since,
            until,
            most: ANALYTICS_LIMIT,
        })
    }

    /// How much was asked in a span, and how it was decided.
    ///
    /// # Errors
    /// `forbidden`, `invalid_input`.
    pub async fn overview(&self, cx: &OpCx, span: AnalyticsSpan) -> Result<Overview> {
        let span = self.span(cx, span)?;
        let (counted, spoken) = self
            .inner
            .workspace
            .store
            .read(move |tx| -> Result<_> {
                Ok((
                    analytics::counts(tx, span, 0)?,
                    analytics::spoken(tx, span, ANALYTICS_LIMIT)?,
                ))
            })
            .await?;
        let volume = Volume::of(&counted);
        let waits = spoken.iter().map(|one| between(one.asked_at, one.at));
        Ok(Overview {
            since: span.since,
            until: span.until,
            is_cut: volume.requests >= u64::from(ANALYTICS_LIMIT),
            median_decision: median(waits.collect()),
            volume,
        })
    }

    /// The same by spans of time, oldest first; times in which nothing came are left out.
    ///
    /// # Errors
    /// `forbidden`, `invalid_input`.
    pub async fn trends(
        &self,
        cx: &OpCx,
        span: AnalyticsSpan,
        bucket: Duration,
    ) -> Result<Vec<TrendPoint>> {
        let span = self.span(cx, span)?;
        let bucket_micros = i64::try_from(bucket.as_micros()).unwrap_or(i64::MAX);
        let length = span.until.as_micros() - span.since.as_micros();
        if bucket_micros == 0 || length / bucket_micros > POINT_LIMIT {
            let text = format!("the span has more than {POINT_LIMIT} points: make them longer");
            return Err(Error::invalid("by", text));
        }
        let counted = self
            .inner
            .workspace
            .store
            .read(move |tx| -> Result<_> { Ok(analytics::counts(tx, span, bucket_micros)?) })
            .await?;
        let mut points: BTreeMap<i64, Vec<Counted>> = BTreeMap::new();
        for row in counted {
            points.entry(row.bucket).or_default().push(row);
        }
        let point =
            |(at, rows): (i64, Vec<Counted>)| (Timestamp::from_micros(at), Volume::of(&rows));
        Ok(points.into_iter().map(point).collect())
    }

    async fn spoken_by(&self, span: analytics::Span) -> Result<BTreeMap<OperatorId, Vec<Spoken>>> {
        let spoken = self
            .inner
            .workspace
            .store
            .read(move |tx| -> Result<_> { Ok(analytics::spoken(tx, span, ANALYTICS_LIMIT)?) })
            .await?;
        let mut by: BTreeMap<OperatorId, Vec<Spoken>> = BTreeMap::new();
        for one in spoken {
            by.entry(one.operator).or_default().push(one);
        }
        for list in by.values_mut() {
            list.sort_unstable_by_key(|one| one.at);
        }
        Ok(by)
    }

    fn name_of(&self, operator: OperatorId) -> String {
        let known = self.snapshot().operators.get(operator);
        known.map_or_else(|| operator.to_string(), |known| known.name.to_string())
    }

    /// What each operator decided in a span, the busiest first.
    ///
    /// # Errors
    /// `forbidden`, `invalid_input`.
    pub async fn approvers(&self, cx: &OpCx, span: AnalyticsSpan) -> Result<Vec<ApproverNumbers>> {
        let span = self.span(cx, span)?;
        let numbers = |(operator, list): (OperatorId, Vec<Spoken>)| {
            let approvals = list
                .iter()
                .filter(|one| one.kind == VoteKind::Approve)
                .count() as u64;
            let waits = list
                .iter()
                .map(|one| between(one.asked_at, one.at))
                .collect();
            Some(ApproverNumbers {
                operator,
                name: self.name_of(operator),
                approvals,
                denials: list.len() as u64 - approvals,
                median_decision: median(waits)?,
                last_at: list.last()?.at,
            })
        };
        let by = self.spoken_by(span).await?;
        let mut all: Vec<ApproverNumbers> = by.into_iter().filter_map(numbers).collect();
        all.sort_by_key(|one| std::cmp::Reverse(one.approvals + one.denials));
        Ok(all)
    }

    /// What each rule, grant and threshold decided in a span, the busiest first.
    ///
    /// # Errors
    /// `forbidden`, `invalid_input`.
    pub async fn rule_numbers(&self, cx: &OpCx, span: AnalyticsSpan) -> Result<Vec<RuleNumbers>> {
        let span = self.span(cx, span)?;
        let counted = self
            .inner
            .workspace
            .store
            .read(move |tx| -> Result<_> { Ok(analytics::by_rule(tx, span, RULE_LIMIT)?) })
            .await?;
        let mut by: BTreeMap<String, Vec<Counted>> = BTreeMap::new();
        for row in counted {
            by.entry(row.rule.clone()).or_default().push(row);
        }
        let snapshot = self.snapshot();
        let name = |label: &str| {
            let (_, id) = label.split_once(':')?;
            let rules = &snapshot.lists.rules;
            let rule = rules.iter().find(|rule| rule.id.to_string() == id)?;
            Some(rule.name.to_string())
        };
        let numbers = |(label, rows): (String, Vec<Counted>)| RuleNumbers {
            name: name(&label),
            volume: Volume::of(&rows),
            label,
        };
        let mut all: Vec<RuleNumbers> = by.into_iter().map(numbers).collect();
        all.sort_by_key(|one| std::cmp::Reverse(one.volume.requests));
        Ok(all)
    }

    /// What humans approved five times and more in the last 30 days and never refused: it could be allowed without asking.
    ///
    /// # Errors
    /// `forbidden`.
    pub async fn suggestions(&self, cx: &OpCx) -> Result<Vec<Suggestion>> {
        let span = self.span(cx, AnalyticsSpan::default())?;
        let found = self
            .inner
            .workspace
            .store
            .read(move |tx| -> Result<_> {
                Ok(analytics::always_allowed(
                    tx,
                    span,
                    SUGGESTION_APPROVALS,
                    SUGGESTION_LIMIT,
                )?)
            })
            .await?;
        let snapshot = self.snapshot();
        let suggestion = |one: AlwaysAllowed| {
            Some(Suggestion {
                // Nothing can be said about who is gone.
                agent: snapshot.agents.get(one.agent)?.name.to_string(),
                target: snapshot.targets.get(one.target)?.name.to_string(),
                action: one.action,
                approvals: one.approvals,
                last_at: one.last_at,
                asked_by: one.rule,
            })
        };
        Ok(found.into_iter().filter_map(suggestion).collect())
    }

    /// Who approved 20 times within ten minutes without a refusal, half of it in under two seconds each.
    ///
    /// # Errors
    /// `forbidden`, `invalid_input`.
    pub async fn alarms(&self, cx: &OpCx, span: AnalyticsSpan) -> Result<Vec<Alarm>> {
        let span = self.span(cx, span)?;
        let mut all = Vec::new();
        for (operator, list) in self.spoken_by(span).await? {
            let name = self.name_of(operator);
            let found = hurried(&list).into_iter();
            all.extend(found.map(|(from, until, approvals, median_look)| Alarm {
                operator,
                name: name.clone(),
                from,
                until,
                approvals,
                median_look,
            }));
        }
        all.sort_by_key(|alarm| std::cmp::Reverse(alarm.until));
        Ok(all)
    }
}

/// The times in which one person, whose decisions these are in their order, only said yes, and faster than one can read.
fn hurried(list: &[Spoken]) -> Vec<(Timestamp, Timestamp, usize, Duration)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    let looks: Vec<Duration> = list
        .iter()
        .enumerate()
        .map(|(position, one)| {
            let before = position.checked_sub(1).and_then(|before| list.get(before));
            let begun = before.map_or(one.asked_at, |before| before.at.max(one.asked_at));
            between(begun, one.at)
        })
        .collect();
    for (start, window) in list.windows(ALARM_APPROVALS).enumerate() {
        let (Some(first), Some(last)) = (window.first(), window.last()) else {
            continue;
        };
        let end = start + ALARM_APPROVALS;
        let is_hurried = between(first.at, last.at) <= ALARM_WITHIN
            && window.iter().all(|one| one.kind == VoteKind::Approve)
            && median(looks[start..end].to_vec()).is_some_and(|look| look < ALARM_MEDIAN);
        if !is_hurried {
            continue;
        }
        match found.last_mut() {
            Some((_, known_end)) if start <= *known_end => *known_end = end,
            _ => found.push((start, end)),
        }
    }
    found
        .into_iter()
        .filter_map(|(start, end)| {
            let look = median(looks[start..end].to_vec())?;
            Some((
                list.get(start)?.at,
                list.get(end - 1)?.at,
                end - start,
                look,
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests;
