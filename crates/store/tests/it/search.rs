//! Lists of requests and the full-text index behind the ledger, on both engines.

use std::time::Duration;

use countersign_domain::{
    Actor, Agent, AgentId, AskTerms, AuditEntry, Digest, DurabilityClass, Effect, EntryId,
    ExecutorKind, OperatorId, ProfileId, Request, RequestId, RequestState, RiskScore, TargetId,
    Timestamp, Urgency, Verdict, Vote, VoteKind,
};
use countersign_store::{
    Engine, Store, StoreError, agents,
    evidence::{self, Listed},
    requests::{self, RequestOrder, RequestQuery, RequestRow, Transition},
    search::{self, Document, Words},
    votes,
};
use uuid::Uuid;

use crate::bed::{self, Bed};

crate::on_both_engines!(
    filters_combine,
    pages_stay_where_they_are,
    the_most_urgent_come_first,
    words_are_found_and_narrowed,
    only_so_many_words_of_a_request_are_indexed,
    a_change_is_indexed_again,
    deleted_evidence_leaves_the_index,
    one_of_two_indexers_moves_the_cursor,
    hours_are_counted_once,
    failures_are_counted_by_target,
);

const BEGIN: i64 = 1_790_000_000_000_000;

fn id_at(at: Timestamp) -> [u8; 16] {
    let mut bytes = *Uuid::now_v7().as_bytes();
    let millis = u64::try_from(at.as_micros() / 1_000).unwrap();
    bytes[..6].copy_from_slice(&millis.to_be_bytes()[2..]);
    bytes[6] = 0x70 | (bytes[6] & 0x0f);
    bytes
}

pub(crate) struct Asked {
    number: i64,
    agent: AgentId,
    target: TargetId,
    action: &'static str,
    effect: Effect,
    urgency: Urgency,
    state: RequestState,
    verdict: Verdict,
}

impl Asked {
    fn new(number: i64) -> Self {
        Self {
            number,
            agent: AgentId::new(Uuid::from_u128(1)),
            target: TargetId::new(Uuid::from_u128(2)),
            action: "GET /charges",
            effect: Effect::Read,
            urgency: Urgency::Normal,
            state: RequestState::Succeeded,
            verdict: Verdict::Allow,
        }
    }

    fn row(&self) -> RequestRow {
        let at = Timestamp::from_micros(BEGIN + self.number * 1_000_000);
        RequestRow {
            request: Request {
                id: RequestId::from_bytes(id_at(at)),
                agent: self.agent,
                asked_by: Actor::Agent(self.agent),
                key: None,
                target: self.target,
                profile: ProfileId::new(Uuid::from_u128(3)),
                action: self.action.to_owned(),
                effect: self.effect,
                durability: DurabilityClass::of(self.effect),
                executor: ExecutorKind::Gate,
                urgency: self.urgency,
                state: self.state,
                verdict: self.verdict,
                rule: "no_grant".to_owned(),
                reason: "because".to_owned(),
                policy_version: 1,
                risk: RiskScore::new(0.5),
                payload_hash: Digest([7; 32]),
                context_hash: Digest([8; 32]),
                created_at: at,
                deadline: None,
                changed_at: at,
                instance: None,
                outcome: None,
            },
            evidence_entry: EntryId::from_bytes(id_at(at)),
            quorum: 1,
            terms: AskTerms::default(),
        }
    }
}

/// Writes a request with its entry and its evidence, which here is the intent itself.
fn write(store: &Store, asked: &Asked, intent: &str) -> RequestRow {
    let row = asked.row();
    let (stored, intent) = (row.clone(), intent.as_bytes().to_vec());
    store
        .write_blocking::<_, StoreError, _>(move |tx| {
            let request = &stored.request;
            requests::insert(tx, &stored)?;
            evidence::insert(tx, stored.evidence_entry, request.created_at, &intent)?;
            tx.append_entry(AuditEntry {
                request: Some(request.id),
                ..AuditEntry::new(
                    stored.evidence_entry,
                    bed::now(),
                    Actor::System,
                    "action.asked",
                )
            })
        })
        .unwrap();
    row
}

fn list(store: &Store, query: RequestQuery) -> Vec<RequestRow> {
    store
        .read_blocking::<_, StoreError, _>(move |tx| requests::list(tx, &query))
        .unwrap()
}

fn ids(rows: &[RequestRow]) -> Vec<RequestId> {
    rows.iter().map(|row| row.request.id).collect()
}

fn query() -> RequestQuery {
    RequestQuery {
        limit: 100,
        ..RequestQuery::default()
    }
}

/// Indexes until the cursor stands behind everything; whether this indexer moved it at all.
fn index(store: &Store, entries: u64) {
    for _ in 0..500 {
        let stretch = store
            .read_blocking::<_, StoreError, _>(|tx| search::gather(tx, 1_000))
            .unwrap();
        let documents: Vec<Document> = stretch
            .requests
            .iter()
            .map(|gathered| {
                let intent = match &gathered.evidence {
                    Some(Listed::Whole(sealed) | Listed::Brief(sealed)) => sealed.as_slice(),
                    None => &[],
                };
                Document::new(gathered, std::str::from_utf8(intent).unwrap())
            })
            .collect();
        let until = stretch.until;
        store
            .write_blocking::<_, StoreError, _>(move |tx| {
                assert!(search::advance(tx, stretch.from, until)?);
                documents
                    .iter()
                    .try_for_each(|document| search::put(tx, document))
            })
            .unwrap();
        if until >= entries {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("fewer than {entries} entries were sealed");
}

fn found(store: &Store, words: &str) -> Vec<RequestId> {
    let words = Some(Words::of(words).unwrap());
    ids(&list(store, RequestQuery { words, ..query() }))
}

#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn filters_combine(bed: &Bed) {
    let store = bed.open();
    let other = AgentId::new(Uuid::from_u128(9));
    let read = write(&store, &Asked::new(1), "");
    let denied = write(
        &store,
        &Asked {
            state: RequestState::Denied,
            verdict: Verdict::Deny,
            effect: Effect::Destructive,
            action: "DELETE /charges/100%_off",
            ..Asked::new(2)
        },
        "",
    );
    let pending = write(
        &store,
        &Asked {
            state: RequestState::Pending,
            verdict: Verdict::Ask,
            effect: Effect::Write,
            urgency: Urgency::High,
            agent: other,
            action: "POST /charges",
            ..Asked::new(3)
        },
        "",
    );
    let (read, denied, pending) = (read.request.id, denied.request.id, pending.request.id);
    let at = |number: i64| Some(Timestamp::from_micros(BEGIN + number * 1_000_000));
    let cases: Vec<(RequestQuery, Vec<RequestId>)> = vec![
        (query(), vec![pending, denied, read]),
        (
            RequestQuery {
                order: RequestOrder::Oldest,
                ..query()
            },
            vec![read, denied, pending],
        ),
        (
            RequestQuery {
                states: vec![RequestState::Pending, RequestState::Succeeded],
                ..query()
            },
            vec![pending, read],
        ),
        (
            RequestQuery {
                verdicts: vec![Verdict::Ask, Verdict::Deny],
                ..query()
            },
            vec![pending, denied],
        ),
        (
            RequestQuery {
                verdicts: vec![Verdict::Ask, Verdict::Allow],
                effects: vec![Effect::Read],
                ..query()
            },
            vec![read],
        ),
        (
            RequestQuery {
                effects: vec![Effect::Destructive, Effect::Write],
                agent: Some(other),
                ..query()
            },
            vec![pending],
        ),
        (
            RequestQuery {
                urgencies: vec![Urgency::High],
                ..query()
            },
            vec![pending],
        ),
        (
            RequestQuery {
                agent: Some(other),
                states: vec![RequestState::Denied],
                ..query()
            },
            vec![],
        ),
        (
            RequestQuery {
                target: Some(TargetId::new(Uuid::from_u128(2))),
                since: at(2),
                until: at(3),
                ..query()
            },
            vec![denied],
        ),
        (
            RequestQuery {
                action_like: Some("delete /%100\\%\\_%".to_owned()),
                ..query()
            },
            vec![denied],
        ),
        (
            RequestQuery {
                id: Some(read),
                ..query()
            },
            vec![read],
        ),
    ];
    for (query, expected) in cases {
        let shown = format!("{query:?}");
        let counting = query.clone();
        assert_eq!(ids(&list(&store, query)), expected, "{shown}");
        let counted = store
            .read_blocking::<_, StoreError, _>(move |tx| requests::count(tx, &counting, 1_000))
            .unwrap();
        assert_eq!(counted, expected.len() as u64, "{shown}");
    }
}

fn pages_stay_where_they_are(bed: &Bed) {
    let store = bed.open();
    let pending = |number| Asked {
        state: if number % 3 == 0 {
            RequestState::Failed
        } else {
            RequestState::Pending
        },
        verdict: Verdict::Ask,
        ..Asked::new(number)
    };
    let mut all: Vec<RequestId> = (0..25)
        .map(|number| write(&store, &pending(number), "").request.id)
        .collect();
    all.reverse();
    let mut seen = Vec::new();
    let mut after = None;
    for arrival in 0.. {
        let page = list(
            &store,
            RequestQuery {
                states: vec![RequestState::Pending, RequestState::Failed],
                after,
                limit: 4,
                ..query()
            },
        );
        let Some(last) = page.last() else { break };
        after = Some(last.request.id);
        seen.extend(ids(&page));
        write(&store, &pending(100 + arrival), "");
    }
    assert_eq!(seen, all);
}

fn the_most_urgent_come_first(bed: &Bed) {
    let store = bed.open();
    let urgencies = [
        Urgency::Low,
        Urgency::Critical,
        Urgency::Normal,
        Urgency::High,
        Urgency::Critical,
        Urgency::Normal,
    ];
    let all: Vec<RequestId> = (0..)
        .zip(urgencies)
        .map(|(number, urgency)| {
            let asked = Asked {
                state: RequestState::Pending,
                verdict: Verdict::Ask,
                urgency,
                ..Asked::new(number)
            };
            write(&store, &asked, "").request.id
        })
        .collect();
    let expected = [all[1], all[4], all[3], all[2], all[5], all[0]];
    for limit in [1, 2, 4, 100] {
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let page = list(
                &store,
                RequestQuery {
                    states: vec![RequestState::Pending],
                    order: RequestOrder::Urgency,
                    after,
                    limit,
                    ..query()
                },
            );
            let Some(last) = page.last() else { break };
            after = Some(last.request.id);
            seen.extend(ids(&page));
        }
        assert_eq!(seen, expected, "{limit}");
    }
    let counted = store
        .read_blocking::<_, StoreError, _>(requests::pending_by_urgency)
        .unwrap();
    let counts: Vec<_> = counted.iter().map(|(_, count, _)| *count).collect();
    assert_eq!(counts, [2, 1, 2, 1]);
    assert_eq!(
        counted[0].2,
        Some(Timestamp::from_micros(BEGIN + 1_000_000))
    );
}

fn words_are_found_and_narrowed(bed: &Bed) {
    let store = bed.open();
    let agent = AgentId::new(Uuid::from_u128(1));
    store
        .write_blocking::<_, StoreError, _>(move |tx| {
            let agent = Agent {
                id: agent,
                name: "invoice-bot".parse().unwrap(),
                description: String::new(),
                labels: countersign_domain::Labels::default(),
                revision: 1,
                created_at: bed::now(),
            };
            agents::insert(tx, &agent)
        })
        .unwrap();
    let one = write(&store, &Asked::new(1), "Refund for Émile").request.id;
    let two = write(
        &store,
        &Asked {
            agent: AgentId::new(Uuid::from_u128(5)),
            action: "POST /refunds",
            state: RequestState::Pending,
            verdict: Verdict::Ask,
            ..Asked::new(2)
        },
        "",
    )
    .request
    .id;
    assert_eq!(
        found(&store, "charges"),
        [],
        "it is indexed behind a cursor"
    );
    index(&store, 2);
    assert_eq!(found(&store, "CHARGES"), [one]);
    assert_eq!(found(&store, "invo"), [one]);
    assert_eq!(found(&store, "no_grant because"), [two, one]);
    assert_eq!(found(&store, "because pos"), [two]);
    assert_eq!(
        found(&store, "bec post"),
        [],
        "only the last is a beginning"
    );
    assert_eq!(
        found(&store, "\" OR body:*"),
        [],
        "no operator of the engine works"
    );
    assert_eq!(found(&store, "sucee' | 'because"), []);
    // Tags narrow, and can't be typed.
    assert_eq!(found(&store, "spending"), []);
    assert_eq!(found(&store, ":spending"), []);
    let expected = if store.engine() == Engine::Sqlite {
        vec![one]
    } else {
        vec![]
    };
    assert_eq!(
        found(&store, "émile"),
        expected,
        "an intent is sealed: only an encrypted index holds it"
    );
    let narrowed = RequestQuery {
        words: Words::of("because"),
        states: vec![RequestState::Pending],
        agent: Some(AgentId::new(Uuid::from_u128(5))),
        ..query()
    };
    assert_eq!(ids(&list(&store, narrowed.clone())), [two]);
    let other = RequestQuery {
        agent: Some(agent),
        ..narrowed
    };
    assert_eq!(ids(&list(&store, other)), []);
    // Pages of a search go on behind a request too.
    for order in [RequestOrder::Newest, RequestOrder::Oldest] {
        let page = |after| {
            let page = list(
                &store,
                RequestQuery {
                    words: Words::of("because"),
                    order,
                    after,
                    limit: 1,
                    ..query()
                },
            );
            ids(&page)
        };
        let first = page(None);
        let second = page(Some(first[0]));
        let third = page(Some(second[0]));
        let mut expected = vec![two, one];
        if order == RequestOrder::Oldest {
            expected.reverse();
        }
        assert_eq!([first, second].concat(), expected);
        assert_eq!(third, []);
    }
}

fn a_change_is_indexed_again(bed: &Bed) {
    let store = bed.open();
    let asked = Asked {
        state: RequestState::Pending,
        verdict: Verdict::Ask,
        ..Asked::new(1)
    };
    let id = write(&store, &asked, "").request.id;
    index(&store, 1);
    store
        .write_blocking::<_, StoreError, _>(move |tx| {
            let vote = Vote {
                request: id,
                operator: OperatorId::new(Uuid::from_u128(4)),
                kind: VoteKind::Deny,
                note: "suspicious beneficiary".to_owned(),
                is_self_approved: false,
                on_behalf_of: None,
                label: None,
                at: bed::now(),
            };
            assert!(votes::insert(tx, &vote)?);
            let change = Transition {
                at: bed::now(),
                outcome: Some("declined".to_owned()),
                ..Transition::default()
            };
            assert!(requests::transition(
                tx,
                id,
                RequestState::Pending,
                RequestState::Denied,
                &change
            )?);
            tx.append_entry(AuditEntry {
                request: Some(id),
                ..bed::entry("approval.decided")
            })
        })
        .unwrap();
    assert_eq!(found(&store, "beneficiary"), []);
    index(&store, 2);
    assert_eq!(found(&store, "beneficiary"), [id]);
    assert_eq!(found(&store, "declined"), [id]);
    let denied = RequestQuery {
        words: Words::of("declined"),
        states: vec![RequestState::Denied],
        ..query()
    };
    assert_eq!(ids(&list(&store, denied)), [id]);
}

fn deleted_evidence_leaves_the_index(bed: &Bed) {
    let store = bed.open();
    let rows: Vec<_> = (0..3)
        .map(|number| write(&store, &Asked::new(number), "payrollsecret"))
        .collect();
    index(&store, 3);
    if store.engine() == Engine::Postgres {
        assert_eq!(found(&store, "payrollsecret"), []);
        // Nothing of it is anywhere in the index.
        let texts = store
            .read_blocking::<_, StoreError, _>(|tx| {
                tx.query("SELECT CAST(words AS TEXT) FROM request_text", &[], |row| {
                    row.text(0).map(str::to_owned)
                })
            })
            .unwrap();
        assert_eq!(texts.len(), 3);
        assert!(texts.iter().all(|text| !text.contains("payroll")));
        return;
    }
    assert_eq!(found(&store, "payrollsecret").len(), 3);
    let (first, second) = (rows[0].evidence_entry, rows[1].request.created_at);
    let deleted = store
        .write_blocking::<_, StoreError, _>(move |tx| {
            assert!(evidence::delete(tx, first)?);
            evidence::delete_before(tx, second.saturating_add(Duration::from_millis(1)), 10)
        })
        .unwrap();
    assert_eq!(deleted, 1, "the trigger's changes are not counted");
    assert_eq!(found(&store, "payrollsecret"), [rows[2].request.id]);
    assert_eq!(found(&store, "because").len(), 3, "the rest stays");
    // Indexed again, it does not come back.
    let id = rows[0].request.id;
    store
        .write_blocking::<_, StoreError, _>(move |tx| {
            tx.append_entry(AuditEntry {
                request: Some(id),
                ..bed::entry("action.settled")
            })
        })
        .unwrap();
    index(&store, 4);
    assert_eq!(found(&store, "payrollsecret"), [rows[2].request.id]);
    // What is deleted between the reading and the writing of a document does not get in either.
    let last = rows[2].clone();
    store
        .write_blocking::<_, StoreError, _>(move |tx| {
            let gathered = search::Gathered {
                row: last.clone(),
                votes: Vec::new(),
                agent_name: String::new(),
                target_name: String::new(),
                evidence: None,
            };
            assert!(evidence::delete(tx, last.evidence_entry)?);
            search::put(tx, &Document::new(&gathered, "payrollsecret"))
        })
        .unwrap();
    assert_eq!(found(&store, "payrollsecret"), []);
}

fn one_of_two_indexers_moves_the_cursor(bed: &Bed) {
    let store = bed.open();
    write(&store, &Asked::new(1), "");
    index(&store, 1);
    let moved = store
        .write_blocking::<_, StoreError, _>(|tx| search::advance(tx, 0, 5))
        .unwrap();
    assert!(!moved);
    let stretch = store
        .read_blocking::<_, StoreError, _>(|tx| search::gather(tx, 10))
        .unwrap();
    assert_eq!((stretch.from, stretch.until), (1, 1));
}

fn hours_are_counted_once(bed: &Bed) {
    let store = bed.open();
    for number in 0..3 {
        write(&store, &Asked::new(number), "");
    }
    let denied = Asked {
        state: RequestState::Denied,
        verdict: Verdict::Deny,
        ..Asked::new(7_200)
    };
    let id = write(&store, &denied, "").request.id;
    index(&store, 4);
    store
        .write_blocking::<_, StoreError, _>(move |tx| {
            tx.append_entry(AuditEntry {
                request: Some(id),
                ..bed::entry("action.settled")
            })
        })
        .unwrap();
    index(&store, 5);
    let hours = |since: i64| {
        let since = Timestamp::from_micros(BEGIN + since * 1_000_000);
        let counts = store
            .read_blocking::<_, StoreError, _>(move |tx| search::hours_since(tx, since))
            .unwrap();
        counts
            .into_iter()
            .map(|count| (count.verdict, count.requests))
            .collect::<Vec<_>>()
    };
    assert_eq!(hours(0), [(Verdict::Allow, 3), (Verdict::Deny, 1)]);
    assert_eq!(hours(3_600 * 2), [(Verdict::Deny, 1)]);
}

fn failures_are_counted_by_target(bed: &Bed) {
    let store = bed.open();
    for (number, state) in (0..).zip([
        RequestState::Failed,
        RequestState::Failed,
        RequestState::Unknown,
        RequestState::Succeeded,
    ]) {
        write(
            &store,
            &Asked {
                state,
                ..Asked::new(number)
            },
            "",
        );
    }
    let failures = store
        .read_blocking::<_, StoreError, _>(|tx| {
            requests::failures_since(tx, Timestamp::from_micros(BEGIN + 1_000_000), 100)
        })
        .unwrap();
    let counts: Vec<_> = failures
        .iter()
        .map(|(_, state, count, _)| (*state, *count))
        .collect();
    assert_eq!(
        counts,
        [(RequestState::Unknown, 1), (RequestState::Failed, 1)]
    );
}

/// Whoever fills the index decides how long others look through it: on PostgreSQL an outcome stands in for the intent.
fn only_so_many_words_of_a_request_are_indexed(bed: &Bed) {
    let store = bed.open();
    let text: Vec<String> = (0..400).map(|number| format!("w{number}")).collect();
    let mut row = Asked::new(1).row();
    row.request.outcome = Some(text.join(" "));
    let (stored, intent) = (row.clone(), text.join(" ").into_bytes());
    store
        .write_blocking::<_, StoreError, _>(move |tx| {
            requests::insert(tx, &stored)?;
            evidence::insert(
                tx,
                stored.evidence_entry,
                stored.request.created_at,
                &intent,
            )?;
            tx.append_entry(AuditEntry {
                request: Some(stored.request.id),
                ..AuditEntry::new(
                    stored.evidence_entry,
                    bed::now(),
                    Actor::System,
                    "action.asked",
                )
            })
        })
        .unwrap();
    index(&store, 1);
    assert_eq!(found(&store, "w0"), [row.request.id]);
    assert!(found(&store, "w399").is_empty());
}
