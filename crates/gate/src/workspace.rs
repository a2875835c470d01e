//! An open store and an unlocked vault, as values: nothing is a global, so that several can be open in one process.

use countersign_domain::InstanceId;
use countersign_store::Store;
use countersign_vault::Vault;

/// One open database with the keys to it.
#[derive(Clone)]
pub struct Workspace {
    /// The store.
    pub store: Store,
    /// The keys.
    pub vault: Vault,
    /// This process among the replicas.
    pub instance: InstanceId,
}

impl std::fmt::Debug for Workspace {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Workspace")
            .field("instance", &self.instance)
            .finish_non_exhaustive()
    }
}
