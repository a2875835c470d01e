use super::*;

/// What one page costs does not grow with the ledger.
#[test]
fn each_branch_of_a_page_ends_where_the_page_does() {
    let filter = HistoryFilter::default();
    let page = Statement::of("id", &filter, Some(("DESC", 50))).sql;
    assert_eq!(page.matches(" ORDER BY position DESC LIMIT ?").count(), 2);
    let whole = Statement::of("COUNT(*)", &filter, None).sql;
    assert!(!whole.contains("LIMIT"), "{whole}");
}
