//! Guards: no child outlives its guard or its test process.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use countersign_testkit::{ChildGuard, command, eventually, free_port, wait_until};

const SOON: Duration = Duration::from_secs(10);

fn is_alive(pid: u32) -> bool {
    // A zombie has ended: its parent has not looked yet.
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        !stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .trim_start()
            .starts_with('Z')
    })
}

fn sleeper() -> ChildGuard {
    let mut command = command("sleep");
    command.arg("600");
    ChildGuard::spawn(command).unwrap()
}

#[test]
fn a_child_ends_with_its_guard() {
    let guard = sleeper();
    let pid = guard.pid();
    assert!(is_alive(pid));
    assert!(guard.resident_bytes().unwrap() > 0);
    drop(guard);
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
}

#[test]
fn a_child_can_be_killed_and_terminated() {
    use std::os::unix::process::ExitStatusExt;
    assert_eq!(sleeper().kill_and_wait().unwrap().signal(), Some(9));
    let mut guard = sleeper();
    assert!(guard.wait_within(Duration::from_millis(20)).is_err());
    assert_eq!(guard.terminate_and_wait(SOON).unwrap().signal(), Some(15));
    assert!(guard.exit_status().unwrap().is_some());
}

#[test]
fn a_child_of_a_thread_that_ended_lives_on() {
    let mut guard = std::thread::spawn(sleeper).join().unwrap();
    std::thread::sleep(Duration::from_millis(50));
    assert_eq!(guard.exit_status().unwrap(), None);
}

/// Set for the process that plays the victim.
const VICTIM: &str = "COUNTERSIGN_TESTKIT_VICTIM";

#[test]
fn a_child_ends_with_a_killed_test_process() {
    if std::env::var_os(VICTIM).is_some() {
        let guard = sleeper();
        println!("child {}", guard.pid());
        std::thread::sleep(Duration::from_mins(1));
        return;
    }
    let mut test = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "child::a_child_ends_with_a_killed_test_process",
            "--nocapture",
        ])
        .env(VICTIM, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let child_pid = |line: String| {
        line.split_once("child ")
            .and_then(|(_, pid)| pid.trim().parse::<u32>().ok())
    };
    let pid = BufReader::new(test.stdout.take().unwrap())
        .lines()
        .find_map(|line| child_pid(line.unwrap()))
        .unwrap();
    assert!(is_alive(pid));
    test.kill().unwrap();
    test.wait().unwrap();
    wait_until("the end of the orphan", SOON, || !is_alive(pid)).unwrap();
}

#[test]
fn a_program_that_is_missing_is_an_error() {
    let mut guard = ChildGuard::spawn(command("/nonexistent/program")).unwrap();
    assert!(!guard.wait_within(SOON).unwrap().success());
}

#[test]
fn a_free_port_can_be_bound() {
    let port = free_port().unwrap();
    std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
}

#[tokio::test]
async fn waiting_ends_at_its_deadline_and_says_what_for() {
    let error = wait_until("the moon", Duration::from_millis(10), || false).unwrap_err();
    assert!(error.to_string().contains("the moon"));
    assert!(
        eventually("the moon", Duration::from_millis(10), || false)
            .await
            .is_err()
    );
    let mut looks = 0;
    let third_look = || {
        looks += 1;
        looks == 3
    };
    eventually("the third look", SOON, third_look)
        .await
        .unwrap();
}
