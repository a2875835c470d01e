use super::MIGRATIONS;
use crate::tx::Engine;

#[test]
fn versions_have_no_gaps_and_no_dialect_word_is_left() {
    for (index, migration) in MIGRATIONS.iter().enumerate() {
        assert_eq!(migration.version as usize, index + 1);
        for engine in [Engine::Sqlite, Engine::Postgres] {
            assert!(
                !migration.text(engine).contains('{'),
                "{} has an unknown word in braces",
                migration.name
            );
        }
    }
}
