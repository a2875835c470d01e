//! The two stores that a gateway can have.

use countersign_testkit::{Availability, Postgres, Service, available};

use crate::support::TestGateway;

/// A gateway that was onboarded on PostgreSQL, not started, with the name of its database; `None` without PostgreSQL.
pub(super) fn on_postgres() -> Option<(TestGateway, String)> {
    if available(Service::Postgres) == Availability::Missing {
        return None;
    }
    let url = Postgres::shared().unwrap().database().unwrap();
    let name = url.rsplit('/').next().unwrap().to_owned();
    Some((
        TestGateway::onboard(&[("COUNTERSIGN_DATABASE_URL", &url)]),
        name,
    ))
}

/// Runs SQL on the database as its superuser: what somebody does who owns it.
pub(super) fn sql(database: &str, text: &str) {
    Postgres::shared().unwrap().execute(database, text).unwrap();
}
