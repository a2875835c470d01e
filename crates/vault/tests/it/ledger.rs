use countersign_domain::{
    Actor, AgentId, AuditEntry, Commitment, EntryId, OperatorId, RequestId, SealedEntry, Timestamp,
    Verdict,
};
use countersign_vault::{
    Vault,
    audit::{
        Checkpoint, CheckpointError, CheckpointKey, CheckpointSigner, ExportLine, ExportReader,
        ExportWriter, Fault, Frontier, ProofBuilder, Report, Sealer, Signatures, Verifier,
        genesis_chain, leaf_hash, next_chain, verify_export, verify_inclusion,
    },
    sha256,
};

pub(crate) const ORIGIN: &str = "countersign.test/ledger/1";
const START_MICROS: i64 = 1_795_000_000_000_000;

/// An entry that uses different fields for different numbers, with text that needs escaping.
pub(crate) fn entry(number: u64) -> AuditEntry {
    let id = |kind: u8| {
        let mut bytes = [kind; 16];
        bytes[8..].copy_from_slice(&number.to_be_bytes());
        bytes
    };
    let at = Timestamp::from_micros(START_MICROS + i64::try_from(number).unwrap() * 1_234_567);
    let actor = match number % 4 {
        0 => Actor::Agent(AgentId::from_bytes(id(1))),
        1 => Actor::Operator(OperatorId::from_bytes(id(2))),
        2 => Actor::System,
        _ => Actor::Anonymous,
    };
    let hash = Some(Commitment(sha256(&number.to_be_bytes())));
    let mut entry = AuditEntry::new(
        EntryId::from_bytes(id(3)),
        at,
        actor,
        format!("action.outcome.{}", number % 7),
    );
    entry.request = number
        .is_multiple_of(3)
        .then(|| RequestId::from_bytes(id(4)));
    entry.subject = number
        .is_multiple_of(2)
        .then(|| format!("target:Zahlung \"№{number}\"\n\u{1b}[31m\\"));
    entry.verdict = [
        None,
        Some(Verdict::Allow),
        Some(Verdict::Ask),
        Some(Verdict::Deny),
    ][usize::try_from(number % 4).unwrap()];
    entry.rule = number.is_multiple_of(5).then(|| "grant".to_owned());
    entry.policy_version = (number % 2 == 1).then_some(number);
    entry.outcome = (number % 3 == 1).then(|| "http_503".to_owned());
    entry.input = hash.filter(|_| number.is_multiple_of(2));
    entry.output = hash.filter(|_| number.is_multiple_of(3));
    entry.facts = hash.filter(|_| number.is_multiple_of(5));
    entry
}

/// A sealed log with a checkpoint after every `every` entries.
pub(crate) struct Log {
    pub(crate) vault: Vault,
    pub(crate) signer: CheckpointSigner,
    pub(crate) entries: Vec<SealedEntry>,
    pub(crate) notes: Vec<(u64, String)>,
    pub(crate) frontiers: Vec<Frontier>,
}

impl Log {
    pub(crate) fn new(count: u64, every: u64) -> Self {
        Self::of(Vault::ephemeral(), (0..count).map(entry), every)
    }

    pub(crate) fn of(vault: Vault, entries: impl Iterator<Item = AuditEntry>, every: u64) -> Self {
        let signer = vault.checkpoint_signer(ORIGIN).unwrap();
        let mut log = Self {
            vault,
            signer,
            entries: Vec::new(),
            notes: Vec::new(),
            frontiers: Vec::new(),
        };
        let mut sealer = Sealer::genesis();
        for entry in entries {
            let mac = log.vault.audit_mac().mac(&entry);
            log.entries.push(sealer.seal(entry, mac));
            let size = sealer.next_position();
            if size.is_multiple_of(every) {
                let checkpoint = sealer.checkpoint(ORIGIN, Timestamp::from_micros(START_MICROS));
                log.notes
                    .push((size, log.signer.sign(&checkpoint).unwrap()));
                log.frontiers.push(sealer.frontier().clone());
            }
        }
        log
    }

    pub(crate) fn key(&self) -> CheckpointKey {
        self.signer.key().clone()
    }

    pub(crate) fn last_note(&self) -> &str {
        &self.notes.last().unwrap().1
    }

    /// The export, with its checkpoints at their places.
    pub(crate) fn export(&self) -> Vec<u8> {
        let mut writer = ExportWriter::new(Vec::new());
        writer.key(self.signer.key()).unwrap();
        self.export_from(0, writer)
    }

    fn export_from(&self, start: u64, mut writer: ExportWriter<Vec<u8>>) -> Vec<u8> {
        for sealed in self.entries.iter().skip(usize::try_from(start).unwrap()) {
            writer.entry(sealed).unwrap();
            for (_, note) in self
                .notes
                .iter()
                .filter(|(size, _)| *size == sealed.position + 1)
            {
                writer.checkpoint(note).unwrap();
            }
        }
        writer.finish().unwrap()
    }

    /// What an auditor does who has the key and the newest checkpoint.
    pub(crate) fn audit(&self, export: &[u8]) -> Report {
        verify_export(
            export,
            Verifier::new()
                .with_key(self.key())
                .with_checkpoint(self.last_note()),
        )
        .unwrap()
    }

    fn audit_entries(&self, entries: &[SealedEntry]) -> Report {
        let mut verifier = Verifier::new()
            .with_key(self.key())
            .with_checkpoint(self.last_note());
        let _: bool = entries.iter().all(|sealed| verifier.push(sealed));
        verifier.finish()
    }
}

#[test]
fn the_hashes_are_what_the_documentation_says() {
    let entry = entry(5);
    let mut canonical = Vec::new();
    entry.canonical(&mut canonical);
    let mac = [9; 32];
    let leaf = sha256(&[&[0][..], &0_u64.to_be_bytes(), &canonical, &mac].concat());
    assert_eq!(leaf_hash(0, &canonical, &mac), leaf);
    let chain = sha256(&[&[2][..], &sha256(b"countersign audit chain v1"), &leaf].concat());
    assert_eq!(next_chain(&genesis_chain(), &leaf), chain);
    let mut sealer = Sealer::genesis();
    let sealed = sealer.seal(entry, mac);
    assert_eq!(
        (
            sealed.position,
            sealed.chain,
            sealer.chain(),
            sealer.frontier().root()
        ),
        (0, chain, chain, leaf)
    );
}

#[test]
fn a_clean_log_is_valid_and_every_line_comes_back() {
    let log = Log::new(50, 16);
    let export = log.export();
    let report = log.audit(&export);
    assert!(report.valid, "{:?}", report.reason);
    assert_eq!(
        (
            report.entries,
            report.first_bad,
            report.checkpoint.unwrap().size
        ),
        (50, None, 48)
    );
    assert_eq!(report.signatures, Signatures::Trusted);
    let mut again = ExportWriter::new(Vec::new());
    for line in ExportReader::new(&export[..]) {
        match line.unwrap() {
            ExportLine::Key(key) => again.key(&key).unwrap(),
            ExportLine::Entry(sealed) => again.entry(&sealed).unwrap(),
            ExportLine::Checkpoint(note) => again.checkpoint(&note).unwrap(),
            ExportLine::Start { .. } => panic!("nothing was pruned"),
        }
    }
    assert_eq!(again.finish().unwrap(), export);
    assert!(
        verify_export(&b""[..], Verifier::new()).unwrap().valid,
        "a fresh install has no entries and no fault"
    );
    let with_mac = verify_export(
        &export[..],
        Verifier::new().with_mac_key(log.vault.audit_mac().clone()),
    )
    .unwrap();
    assert!(with_mac.valid && with_mac.signatures == Signatures::SelfDeclared);
}

/// Requirement 41: truncation, rollback, gaps, order, edits and rewriting, each found and named.
#[test]
fn requirement_41_each_kind_of_attack_is_named() {
    let log = Log::new(64, 16);
    let expect = |entries: &[SealedEntry], fault: Fault, first_bad: u64| {
        let report = log.audit_entries(entries);
        assert_eq!(
            (report.valid, report.reason, report.first_bad),
            (false, Some(fault), Some(first_bad))
        );
    };
    expect(
        &log.entries[..63],
        Fault::Truncated {
            entries: 63,
            size: 64,
        },
        63,
    );
    expect(
        &[],
        Fault::Truncated {
            entries: 0,
            size: 64,
        },
        0,
    );
    let mut gap = log.entries.clone();
    gap.remove(20);
    expect(
        &gap,
        Fault::Position {
            expected: 20,
            found: 21,
        },
        20,
    );
    let mut swapped = log.entries.clone();
    swapped.swap(30, 31);
    expect(
        &swapped,
        Fault::Position {
            expected: 30,
            found: 31,
        },
        30,
    );
    let mut doubled = log.entries.clone();
    doubled.insert(40, log.entries[39].clone());
    expect(
        &doubled,
        Fault::Position {
            expected: 40,
            found: 39,
        },
        40,
    );
    let mut edited = log.entries.clone();
    edited[12].entry.outcome = Some("denied".to_owned());
    expect(&edited, Fault::Chain { position: 12 }, 12);

    // The owner of the database rewrites everything behind entry 40, chain included, but has no key.
    let forged = Log::of(
        Vault::ephemeral(),
        (0..64).map(|number| entry(if number == 40 { 1_000 } else { number })),
        16,
    );
    let mut rewritten = log.entries[..40].to_vec();
    let mut sealer = Sealer::genesis();
    for sealed in &rewritten {
        sealer.absorb(sealed).unwrap();
    }
    rewritten.extend(
        forged.entries[40..]
            .iter()
            .map(|sealed| sealer.seal(sealed.entry.clone(), sealed.mac)),
    );
    let mut verifier = Verifier::new().with_key(log.key());
    for sealed in &rewritten {
        assert!(verifier.push(sealed));
        for (_, note) in log
            .notes
            .iter()
            .filter(|(size, _)| *size == sealed.position + 1)
        {
            verifier.push_checkpoint(note);
        }
    }
    let report = verifier.finish();
    assert_eq!(
        (report.reason, report.first_bad),
        (Some(Fault::Diverged { size: 48 }), Some(32)),
        "good up to the checkpoint at 32"
    );
    // Whoever has the vault names the entry.
    let mut verifier = Verifier::new().with_mac_key(log.vault.audit_mac().clone());
    let _: bool = rewritten.iter().all(|sealed| verifier.push(sealed));
    assert_eq!(verifier.finish().reason, Some(Fault::Mac { position: 40 }));
}

/// Requirement 41: two histories signed by the same key.
#[test]
fn requirement_41_a_fork_is_named() {
    let one = Log::new(64, 16);
    let other = Log::of(
        one.vault.clone(),
        (0..64).map(|number| entry(number + 100)),
        16,
    );
    // Two checkpoints of one size.
    let report = Verifier::new()
        .with_key(one.key())
        .with_checkpoint(one.last_note())
        .with_checkpoint(other.last_note())
        .finish();
    assert_eq!(report.reason, Some(Fault::Fork { size: 64 }));
    // One of another history, while the log agrees with its own.
    let mut verifier = Verifier::new()
        .with_key(one.key())
        .with_checkpoint(&other.notes[0].1)
        .with_checkpoint(one.last_note());
    let _: bool = one.entries.iter().all(|sealed| verifier.push(sealed));
    assert_eq!(verifier.finish().reason, Some(Fault::Fork { size: 16 }));
}

#[test]
fn checkpoints_verify_with_the_public_key_alone() {
    let log = Log::new(16, 16);
    let note = log.last_note();
    let key: CheckpointKey = log.key().to_string().parse().unwrap();
    assert_eq!(key, log.key());
    let checkpoint = key.verify(note).unwrap();
    assert_eq!((checkpoint.size, checkpoint.origin.as_str()), (16, ORIGIN));
    assert_eq!(Checkpoint::parse_unverified(note).unwrap(), checkpoint);
    // A witness's signature beside ours does not matter.
    assert!(
        key.verify(&format!("{note}— witness.example AAAAAAAA\n"))
            .is_ok()
    );
    let other = Vault::ephemeral().checkpoint_signer(ORIGIN).unwrap();
    assert!(matches!(
        other.key().verify(note),
        Err(CheckpointError::Signature { .. })
    ));
    assert!(matches!(
        log.vault.checkpoint_signer("a b"),
        Err(CheckpointError::Origin { .. })
    ));
    assert!(
        other
            .sign(&Checkpoint {
                origin: "else.where".to_owned(),
                ..checkpoint
            })
            .is_err()
    );
    let far = Checkpoint {
        at: Timestamp::from_micros(i64::MAX),
        ..checkpoint
    };
    assert!(matches!(
        other.sign(&far),
        Err(CheckpointError::Malformed { part: "time" })
    ));
    for text in [
        "",
        "name",
        "name+00000000+AAAA",
        &log.key().to_string().replace("test", "text"),
        &log.key().to_string().to_uppercase(),
    ] {
        assert!(text.parse::<CheckpointKey>().is_err(), "{text}");
    }
}

/// Every flipped bit of a note is found: nothing in it is decoration.
#[test]
fn requirement_41_every_bit_of_a_checkpoint_counts() {
    let log = Log::new(4, 4);
    let (key, note) = (log.key(), log.last_note().as_bytes());
    for index in 0..note.len() {
        for bit in 0..8 {
            let mut changed = note.to_vec();
            changed[index] ^= 1 << bit;
            let found = String::from_utf8(changed).is_ok_and(|text| key.verify(&text).is_ok());
            assert!(!found, "byte {index}, bit {bit}");
        }
    }
}

/// The known signed note of Go's `golang.org/x/mod/sumdb/note` documentation: the same key hash and form as other tools.
#[test]
fn keys_have_the_form_of_other_tools() {
    let go = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    assert_eq!(go.parse::<CheckpointKey>().unwrap().to_string(), go);
}

#[test]
fn a_pruned_log_goes_on_and_verifies() {
    let log = Log::new(64, 16);
    let (size, note) = &log.notes[1];
    let frontier = &log.frontiers[1];
    let stored = Frontier::from_bytes(&frontier.to_bytes()).unwrap();
    let checkpoint = log.key().verify(note).unwrap();
    let mut sealer = Sealer::resume(&checkpoint, stored).unwrap();
    for sealed in &log.entries[32..] {
        sealer.absorb(sealed).unwrap();
    }
    assert_eq!(
        log.key().verify(log.last_note()).unwrap().root,
        sealer.frontier().root()
    );
    assert!(Sealer::resume(&checkpoint, log.frontiers[0].clone()).is_err());
    assert!(sealer.absorb(&log.entries[63]).is_err());

    let mut writer = ExportWriter::new(Vec::new());
    writer.key(&log.key()).unwrap();
    writer.start(frontier, note).unwrap();
    let export = log.export_from(*size, writer);
    let report = log.audit(&export);
    assert!(report.valid, "{:?}", report.reason);
    assert_eq!((report.pruned, report.entries), (32, 64));
    let older = Verifier::new()
        .with_key(log.key())
        .with_checkpoint(&log.notes[0].1);
    let report =
        verify_export(&export[..], older.clone().with_checkpoint(log.last_note())).unwrap();
    assert_eq!((report.valid, report.uncompared), (true, 1));
    let report = verify_export(&export[..], older).unwrap();
    assert_eq!(
        (
            report.valid,
            report.uncompared,
            report.first_bad,
            report.reason.map(|fault| fault.code())
        ),
        (false, 1, Some(32), Some("uncompared")),
        "what was held says nothing about this log"
    );
    let mut writer = ExportWriter::new(Vec::new());
    writer.start(&log.frontiers[0], note).unwrap();
    assert!(matches!(
        log.audit(&log.export_from(*size, writer)).reason,
        Some(Fault::Start(_))
    ));
}

/// Requirement 41: a forged start would take everything that was held elsewhere out of the comparison.
#[test]
fn requirement_41_a_start_that_no_key_vouches_for_is_refused() {
    let log = Log::new(64, 16);
    let stranger = Log::new(96, 16);
    let (size, note) = &stranger.notes[4];
    let mut writer = ExportWriter::new(Vec::new());
    writer.start(&stranger.frontiers[4], note).unwrap();
    let forged = stranger.export_from(*size, writer);
    for verifier in [
        Verifier::new(),
        Verifier::new().with_checkpoint(log.last_note()),
        Verifier::new().with_checkpoint(stranger.last_note()),
    ] {
        let report = verify_export(&forged[..], verifier).unwrap();
        assert_eq!(
            (
                report.valid,
                report.first_bad,
                report.reason.map(|fault| fault.code())
            ),
            (false, Some(0), Some("start"))
        );
    }
    let report = verify_export(&forged[..], Verifier::new().with_key(stranger.key())).unwrap();
    assert!(report.valid, "{:?}", report.reason);
}

#[test]
fn one_entry_can_be_proved_without_the_log() {
    let log = Log::new(50, 50);
    let checkpoint = log.key().verify(log.last_note()).unwrap();
    let leaves: Vec<_> = log
        .entries
        .iter()
        .map(|sealed| {
            let mut canonical = Vec::new();
            sealed.entry.canonical(&mut canonical);
            leaf_hash(sealed.position, &canonical, &sealed.mac)
        })
        .collect();
    let mut builder = ProofBuilder::inclusion(17, 50).unwrap();
    for leaf in &leaves {
        builder.feed(*leaf);
    }
    assert!(verify_inclusion(
        &leaves[17],
        17,
        50,
        &builder.finish().unwrap(),
        &checkpoint.root
    ));
}

#[test]
fn lines_of_other_forms_are_refused() {
    let log = Log::new(3, 3);
    let export = String::from_utf8(log.export()).unwrap();
    let lines: Vec<&str> = export.lines().collect();
    let fault = |text: String| log.audit(text.as_bytes()).reason;
    let malformed = |text: String| {
        assert!(
            matches!(fault(text.clone()), Some(Fault::Malformed { .. })),
            "{text}"
        );
    };
    malformed(export.replace(",\"mac\"", ", \"mac\""));
    malformed(export.replace(",\"chain\"", ",\"extra\":1,\"chain\""));
    malformed(export.replace(",\"facts\":null", ""));
    malformed(export.replace("{\"position\":1", "{\"position\":01"));
    malformed(export.replace('\n', "\n\n"));
    malformed(export.trim_end().to_owned());
    malformed(format!("{}\n{export}", lines[1]));
    malformed(format!("{}\n{export}", lines[0]));
    malformed(format!("{export}{{\"position\":{}}}\n", "1".repeat(70_000)));
    let moved = [lines[0], lines[1], lines[4], lines[2], lines[3], ""].join("\n");
    assert_eq!(
        fault(moved),
        Some(Fault::Misplaced {
            size: 3,
            position: 1
        })
    );
    let stranger = Vault::ephemeral()
        .checkpoint_signer(ORIGIN)
        .unwrap()
        .key()
        .to_string();
    assert!(matches!(
        fault(export.replace(&log.key().to_string(), &stranger)),
        Some(Fault::Checkpoint(_))
    ));
}

/// What an entry costs; run with `--ignored --nocapture` in an optimised build.
#[test]
#[ignore = "prints timings, asserts nothing"]
fn timings() {
    let count = 300_000;
    let log = Log::new(count, 10_000);
    let rate = |name: &str, work: &dyn Fn() -> bool| {
        let start = std::time::Instant::now();
        assert!(work());
        #[expect(clippy::cast_precision_loss, reason = "for people")]
        let rate = count as f64 / start.elapsed().as_secs_f64();
        println!("{name}: {rate:.0} entries a second");
    };
    rate("verify entries", &|| {
        let mut verifier = Verifier::new();
        log.entries.iter().all(|sealed| verifier.push(sealed)) && verifier.finish().valid
    });
    rate("verify entries with keyed hash", &|| {
        let mut verifier = Verifier::new().with_mac_key(log.vault.audit_mac().clone());
        log.entries.iter().all(|sealed| verifier.push(sealed)) && verifier.finish().valid
    });
    let export = log.export();
    println!("{} bytes a line", export.len() as u64 / count);
    rate("parse export", &|| {
        ExportReader::new(&export[..]).all(|line| line.is_ok())
    });
    rate("verify export", &|| log.audit(&export).valid);
    rate("write export", &|| log.export().len() == export.len());
}
