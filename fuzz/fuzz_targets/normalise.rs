//! Any text: no panic, views inside of their budget, every range of a view comes back to a valid range of the text.
#![no_main]

use countersign_scan::normal::{Budget, Views};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let budget = Budget::for_text(&text);
    let views = Views::of(&text, budget);
    let bytes: usize = views.views().iter().skip(1).map(|view| view.text().len()).sum();
    let grown = views.views()[0].text().len().saturating_sub(text.len());
    assert!(bytes <= budget.bytes + 3 * grown);
    for (index, view) in views.views().iter().enumerate() {
        let length = view.text().len();
        for from in (0..=length).step_by(7) {
            assert!(text.get(views.original(index, from..length)).is_some());
        }
    }
});
