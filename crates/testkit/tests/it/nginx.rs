//! nginx as the yardstick of the benchmark.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use countersign_testkit::{Availability, Nginx, Reply, Service, Upstream, available};

fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn it_answers_and_it_forwards() {
    if available(Service::Nginx) == Availability::Missing {
        return;
    }
    let fixed = Nginx::fixed("as it was told").unwrap();
    assert!(get(fixed.address(), "/").ends_with("as it was told"));
    let upstream = Upstream::start().unwrap();
    upstream.on("/a", Reply::text("from behind"));
    let proxy = Nginx::proxy(upstream.address()).unwrap();
    assert!(get(proxy.address(), "/a").contains("from behind"));
    assert_eq!(upstream.count("/a"), 1);
    let address = proxy.address();
    drop(proxy);
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn text_that_its_configuration_can_not_hold_is_refused() {
    assert!(Nginx::fixed("it's").is_err());
}
