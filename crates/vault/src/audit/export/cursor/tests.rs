use proptest::prelude::*;

use super::*;

proptest! {
    /// The hand-written parser agrees with the calendar library on every time of the years 0 to 9999.
    #[test]
    fn timestamps_parse_to_what_was_written(micros in -62_167_219_200_000_000_i64..253_370_764_800_000_000) {
        let timestamp = Timestamp::from_micros(micros);
        prop_assert_eq!(parse_timestamp(&timestamp.to_string()), Some(timestamp));
    }

    /// One spelling per time: what is accepted is what would be written.
    #[test]
    fn accepted_timestamps_are_canonical(text in "[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9]\\.[0-9]{6}Z") {
        if let Some(timestamp) = parse_timestamp(&text) {
            prop_assert_eq!(timestamp.to_string(), text);
        }
    }

    #[test]
    fn texts_parse_to_what_was_written(text in any::<String>()) {
        let line = serde_json::to_string(&text).unwrap();
        let mut cursor = Cursor::new(&line);
        prop_assert_eq!(cursor.text().unwrap(), text);
        prop_assert!(cursor.end().is_ok());
    }
}

#[test]
fn other_spellings_are_refused() {
    for text in [
        r#""\u0041""#,
        r#""\/""#,
        r#""\u001F""#,
        "\"a",
        "a\"",
        "\"\n\"",
        "\"\\\"",
    ] {
        assert!(Cursor::new(text).text().is_err(), "{text}");
    }
    for number in ["01", "", "-1", "1e3x", "18446744073709551616"] {
        let mut cursor = Cursor::new(number);
        assert!(
            cursor.number().is_err() || cursor.end().is_err(),
            "{number}"
        );
    }
    for uuid in [
        "\"0198C5A0-5d5e-7000-8000-000000000000\"",
        "\"0198c5a05d5e70008000000000000000\"",
        "\"{0198c5a0-5d5e-7000-8000-0000000000}\"",
    ] {
        assert!(Cursor::new(uuid).uuid().is_err(), "{uuid}");
    }
    for time in [
        "2026-02-29T00:00:00.000000Z",
        "2026-01-01T24:00:00.000000Z",
        "2026-01-01t00:00:00.000000Z",
        "2026-01-01T00:00:00.00000Z",
    ] {
        assert_eq!(parse_timestamp(time), None, "{time}");
    }
}
