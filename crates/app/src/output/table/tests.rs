//! What a table gives up first where the terminal is narrow.

use super::Table;

const ID: &str = "0198a5c3-7d2e-7b1a-9c4f-3e5d6a7b8c9d";

fn requests() -> Table {
    let mut table = Table::new(&[
        "ID", "STATE", "AGENT", "TARGET", "ACTION", "RISK", "INTENT", "CREATED",
    ]);
    table.row([
        ID,
        "pending",
        "ci",
        "payments",
        "POST /charges",
        "0.4",
        "charge 500 dollars for order 1042",
        "2026-11-20 09:30:00Z",
    ]);
    table
}

#[test]
fn an_id_is_never_folded() {
    for width in [80, 100, 120, 200] {
        let text = requests().render(Some(width));
        assert!(text.contains(ID), "{width}:\n{text}");
        assert!(
            text.lines()
                .all(|line| line.chars().count() <= usize::from(width)),
            "{width}:\n{text}"
        );
    }
}

#[test]
fn the_time_and_the_intent_go_first() {
    let narrow = requests().render(Some(80));
    assert!(!narrow.contains("CREATED"), "{narrow}");
    assert!(
        narrow.contains("pending") && narrow.contains("payments"),
        "{narrow}"
    );
    let wide = requests().render(Some(200));
    assert!(
        wide.contains("CREATED") && wide.contains("order 1042"),
        "{wide}"
    );
    assert_eq!(wide.lines().count(), 2, "{wide}");
    assert!(requests().render(None).contains("CREATED"));
}
