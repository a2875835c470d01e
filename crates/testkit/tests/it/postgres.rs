//! The PostgreSQL of the tests: real, empty, and gone afterwards.

use countersign_testkit::{Availability, Durability, Postgres, Service, available};
use postgres::{Client, NoTls};

fn one(url: &str, sql: &str) -> String {
    Client::connect(url, NoTls)
        .unwrap()
        .query_one(sql, &[])
        .unwrap()
        .get(0)
}

fn server_processes(port: u16) -> usize {
    let marker = format!("port={port}");
    std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok())
        .filter(|line| {
            String::from_utf8_lossy(line)
                .split('\0')
                .any(|argument| argument == marker)
        })
        .count()
}

#[test]
fn each_database_is_empty_and_its_own() {
    if available(Service::Postgres) == Availability::Missing {
        return;
    }
    let server = Postgres::shared().unwrap();
    let (first, second) = (server.database().unwrap(), server.database().unwrap());
    Client::connect(&first, NoTls)
        .unwrap()
        .batch_execute("CREATE TABLE t (a int); INSERT INTO t VALUES (1)")
        .unwrap();
    assert!(
        Client::connect(&second, NoTls)
            .unwrap()
            .batch_execute("SELECT * FROM t")
            .is_err()
    );
    assert_eq!(one(&first, "SELECT count(*)::text FROM t"), "1");
    assert_eq!(one(&first, "SHOW fsync"), "off");
    assert_eq!(one(&first, "SHOW listen_addresses"), "127.0.0.1");
    assert_eq!(one(&first, "SHOW server_encoding"), "UTF8");
}

#[tokio::test]
async fn an_asynchronous_test_can_use_it_and_strangers_can_not() {
    if available(Service::Postgres) == Availability::Missing {
        return;
    }
    let server = Postgres::shared().unwrap();
    let url = server.database().unwrap();
    let without_password = url.replace("countersign:", "countersign:wrong");
    let refused = std::thread::spawn(move || Client::connect(&without_password, NoTls).is_err())
        .join()
        .unwrap();
    assert!(refused);
}

#[test]
fn what_was_committed_survives_a_crash_and_a_restart() {
    if available(Service::Postgres) == Availability::Missing {
        return;
    }
    let mut server = Postgres::start_with(Durability::Durable).unwrap();
    let url = server.database().unwrap();
    assert_eq!(one(&url, "SHOW fsync"), "on");
    Client::connect(&url, NoTls)
        .unwrap()
        .batch_execute("CREATE TABLE t (a int); INSERT INTO t VALUES (7)")
        .unwrap();
    server.crash().unwrap();
    assert!(Client::connect(&url, NoTls).is_err());
    server.restart().unwrap();
    assert_eq!(one(&url, "SELECT a::text FROM t"), "7");
    server.restart().unwrap();
    assert_eq!(one(&url, "SELECT a::text FROM t"), "7");
}

#[test]
fn nothing_is_left_of_a_dropped_server() {
    if available(Service::Postgres) == Availability::Missing {
        return;
    }
    let server = Postgres::start().unwrap();
    let port = server.port();
    let folder = one(&server.database().unwrap(), "SHOW data_directory");
    assert!(server_processes(port) > 0);
    drop(server);
    assert_eq!(server_processes(port), 0);
    assert!(!std::path::Path::new(&folder).exists());
}
