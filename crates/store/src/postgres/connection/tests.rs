use countersign_domain::InstanceId;
use countersign_vault::SecretString;
use postgres::config::SslMode;

use super::Connector;
use crate::options::PostgresOptions;

/// The mode, and whether there is something to do TLS with.
fn mode(url: &str) -> (SslMode, bool) {
    let options = PostgresOptions::new(
        SecretString::new(url.to_owned()),
        InstanceId::from_bytes([7; 16]),
    );
    let connector = Connector::new(&options).unwrap();
    (connector.config.get_ssl_mode(), connector.tls.is_some())
}

/// A host in between that answers "no TLS here" must not get the password in the clear.
#[test]
fn another_host_is_never_spoken_to_in_the_clear_unless_that_is_asked_for() {
    for url in [
        "postgres://u:p@db.example/x",
        "postgres://u:p@db.example/x?sslmode=prefer",
        "postgres://u:p@10.1.2.3/x",
        "postgres://u:p@localhost,db.example/x",
        "host=localhost hostaddr=10.1.2.3 user=u",
        "host=localhost,localhost hostaddr=127.0.0.1,10.1.2.3 user=u",
        "hostaddr=10.1.2.3 user=u",
        "host=/run/postgresql hostaddr=10.1.2.3 user=u",
        "postgres://u:p@localhost/x?sslmode=require",
        "postgres://u:p@db.example/x?sslmode=verify-full",
        "postgres://u:p@db.example/x?sslmode=verify-ca",
    ] {
        assert_eq!(mode(url), (SslMode::Require, true), "{url}");
    }
    assert_eq!(
        mode("postgres://u:p@db.example/x?sslmode=disable"),
        (SslMode::Disable, false)
    );
}

#[test]
fn this_machine_needs_no_tls() {
    for url in [
        "postgres://u:p@localhost/x",
        "postgres://u:p@127.0.0.1:5433/x",
        "postgres://u:p@[::1]/x",
        "postgres://u@%2Frun%2Fpostgresql/x",
        "host=db.example hostaddr=127.0.0.1 user=u",
        "hostaddr=::1 user=u",
    ] {
        let (_, has_tls) = mode(url);
        assert!(!has_tls, "{url}");
    }
}
