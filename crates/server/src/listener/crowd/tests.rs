use super::*;

fn enter(crowd: &Crowd, address: &str) -> (Seat, Arc<AtomicBool>) {
    let is_known = Arc::default();
    (crowd.enter(address.parse().unwrap(), &is_known), is_known)
}

fn is_lost((seat, _): &(Seat, Arc<AtomicBool>)) -> bool {
    seat.leaving.is_cancelled()
}

#[test]
fn a_source_over_its_cap_loses_its_oldest_stranger() {
    let crowd = Crowd::new(2);
    let other = enter(&crowd, "192.0.2.9");
    let known = enter(&crowd, "192.0.2.1");
    known.1.store(true, Ordering::Relaxed);
    let seats: Vec<_> = (0..4).map(|_| enter(&crowd, "192.0.2.1")).collect();
    let lost: Vec<_> = seats.iter().map(is_lost).collect();
    assert_eq!(lost, [true, true, false, false]);
    assert!(!is_lost(&known));
    assert!(!is_lost(&other));
}

#[test]
fn a_full_listener_takes_from_the_source_with_most_strangers() {
    let crowd = Crowd::new(10);
    let one = enter(&crowd, "192.0.2.1");
    let many: Vec<_> = (0..3).map(|_| enter(&crowd, "192.0.2.2")).collect();
    let known: Vec<_> = (0..5).map(|_| enter(&crowd, "192.0.2.3")).collect();
    for (_, is_known) in &known {
        is_known.store(true, Ordering::Relaxed);
    }
    crowd.make_room();
    crowd.make_room();
    let lost: Vec<_> = many.iter().map(is_lost).collect();
    assert_eq!(lost, [true, true, false]);
    crowd.make_room();
    crowd.make_room();
    crowd.make_room();
    assert!(is_lost(&one));
    assert!(!known.iter().any(is_lost));
    drop((one, many, known));
    assert!(crowd.lock().connections.is_empty());
}

#[test]
fn addresses_of_one_machine_are_one_source() {
    let same = [
        ("127.0.0.1", "127.8.9.10"),
        ("127.0.0.1", "::1"),
        ("::ffff:127.0.0.1", "::1"),
        ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff"),
        ("192.0.2.1", "::ffff:192.0.2.1"),
    ];
    for (one, other) in same.map(|(one, other)| (one.parse().unwrap(), other.parse().unwrap())) {
        assert_eq!(source_of(one), source_of(other), "{one} {other}");
    }
    let other: IpAddr = "2001:db8:0:1::1".parse().unwrap();
    assert_ne!(source_of("2001:db8::1".parse().unwrap()), source_of(other));
}
