use countersign_vault::harden_process;
use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};

/// Requirement 24: no core dumps, not readable by other processes of the same user.
#[test]
fn requirement_24_the_process_is_hardened() {
    harden_process().unwrap();
    let limit = getrlimit(Resource::Core);
    assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)));
    assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
    // A second call, by a later start of the same code, is harmless.
    harden_process().unwrap();
}
