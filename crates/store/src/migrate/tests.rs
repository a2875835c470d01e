use super::MIGRATIONS;
use crate::tx::Engine;

#[test]
fn versions_have_no_gaps_and_no_dialect_word_is_left() {
    for (index, migration) in MIGRATIONS.iter().enumerate() {
        assert_eq!(migration.version as usize, index + 1);
        for engine in [Engine::Sqlite, Engine::Postgres] {
            // `{}` is an empty document, a default of some columns.
            let text = migration.text(engine).replace("'{}'", "");
            assert!(
                !text.contains('{'),
                "{} has an unknown word in braces",
                migration.name
            );
        }
    }
}
