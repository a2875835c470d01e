//! The views of a text and their way back to its offsets.

use std::{borrow::Cow, ops::Range};

use super::{decode, fold, letters};

/// What a text was disguised with; each has words for an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Disguise {
    /// Zero-width, tag, bidirectional or other characters that a reader doesn't see.
    Invisible,
    /// Letters of other scripts or styles that look like Latin ones.
    LookAlikes,
    /// base64, hex, percent, HTML entities, escapes or binary digits.
    Encoded,
    /// Digits and signs in place of letters.
    Leet,
    /// Letters set apart, as in `i g n o r e`.
    SpacedOut,
    /// The alphabet shifted by thirteen.
    Rot13,
    /// Written backwards.
    Reversed,
}

impl Disguise {
    /// The disguise in words that an operator understands.
    pub fn words(self) -> &'static str {
        match self {
            Self::Invisible => "hides characters that a reader does not see",
            Self::LookAlikes => "uses look-alike letters of other alphabets or styles",
            Self::Encoded => {
                "hides readable text in an encoding such as base64, hex or percent escapes"
            }
            Self::Leet => "writes words with digits and signs in place of letters",
            Self::SpacedOut => "sets the letters of words apart",
            Self::Rot13 => "hides text with rot13",
            Self::Reversed => "hides text by writing it backwards",
        }
    }
}

/// How much work undoing may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Bytes of all views beyond the first, together; three more for each by which folding made the first one longer.
    pub bytes: usize,
    /// How many encodings inside of each other are undone.
    pub levels: usize,
}

impl Budget {
    /// Three times the text and 4 KiB, two levels deep.
    pub fn for_text(text: &str) -> Self {
        Self {
            bytes: text.len().saturating_mul(3).saturating_add(4096),
            levels: 2,
        }
    }
}

/// A stretch of a view and where it comes from in the view below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    /// Where the stretch begins in this view.
    pub(super) at: usize,
    /// Where its source begins in the parent.
    pub(super) from: usize,
    /// Where its source ends in the parent.
    pub(super) to: usize,
    /// Whether byte n of the stretch is byte n of the source.
    pub(super) exact: bool,
}

/// A text under construction, with its stretches.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) text: String,
    pub(super) stretches: Vec<Stretch>,
}

impl Draft {
    /// Copies a part of the parent as it is.
    pub(super) fn copy(&mut self, parent: &str, range: Range<usize>) {
        let Some(part) = parent.get(range.clone()) else {
            return;
        };
        if part.is_empty() {
            return;
        }
        let at = self.text.len();
        let continues = self.stretches.last().is_some_and(|last| {
            last.exact && last.to == range.start && at - last.at == last.to - last.from
        });
        if continues {
            if let Some(last) = self.stretches.last_mut() {
                last.to = range.end;
            }
        } else {
            self.stretches.push(Stretch {
                at,
                from: range.start,
                to: range.end,
                exact: true,
            });
        }
        self.text.push_str(part);
    }

    /// Writes something in place of a part of the parent.
    pub(super) fn replace(&mut self, range: Range<usize>, with: &str) {
        if with.is_empty() {
            return;
        }
        self.stretches.push(Stretch {
            at: self.text.len(),
            from: range.start,
            to: range.end,
            exact: false,
        });
        self.text.push_str(with);
    }
}

/// A text with one disguise more taken off than its parent.
#[derive(Debug)]
pub struct View<'text> {
    text: Cow<'text, str>,
    origin: Origin,
    parent: Option<usize>,
    disguise: Option<Disguise>,
}

#[derive(Debug)]
enum Origin {
    Same,
    Backwards,
    Stretches(Vec<Stretch>),
}

impl View<'_> {
    /// The text of the view.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What was taken off; none for text as it came.
    pub fn disguise(&self) -> Option<Disguise> {
        self.disguise
    }

    fn to_parent(&self, range: Range<usize>) -> Range<usize> {
        match &self.origin {
            Origin::Same => range,
            Origin::Backwards => {
                let length = self.text.len();
                length.saturating_sub(range.end)..length.saturating_sub(range.start)
            }
            Origin::Stretches(stretches) => {
                let start = locate(stretches, range.start, false);
                let end = locate(stretches, range.end, true);
                start..end.max(start)
            }
        }
    }
}

fn locate(stretches: &[Stretch], offset: usize, end: bool) -> usize {
    let index = if end {
        stretches.partition_point(|stretch| stretch.at < offset)
    } else {
        stretches.partition_point(|stretch| stretch.at <= offset)
    };
    let Some(stretch) = index.checked_sub(1).and_then(|index| stretches.get(index)) else {
        return stretches.first().map_or(0, |stretch| stretch.from);
    };
    if stretch.exact {
        (stretch.from + (offset - stretch.at)).min(stretch.to)
    } else if end {
        stretch.to
    } else {
        stretch.from
    }
}

/// A text and what it looks like with its disguises taken off.
#[derive(Debug)]
pub struct Views<'text> {
    original: &'text str,
    list: Vec<View<'text>>,
    seen: fold::Seen,
}

impl<'text> Views<'text> {
    /// The views of a text; the first one always exists and has the characters folded.
    pub fn of(text: &'text str, budget: Budget) -> Self {
        let mut views = Self {
            original: text,
            list: Vec::with_capacity(1),
            seen: fold::Seen::default(),
        };
        let is_plain = text.is_ascii() && !fold::has_hidden_control(text);
        if is_plain {
            views.list.push(View {
                text: Cow::Borrowed(text),
                origin: Origin::Same,
                parent: None,
                disguise: None,
            });
        } else {
            let (draft, seen) = fold::fold(text);
            views.seen = seen;
            let disguise = if seen.invisible > 0 {
                Some(Disguise::Invisible)
            } else if seen.look_alikes > 1 {
                Some(Disguise::LookAlikes)
            } else {
                None
            };
            views.list.push(View {
                text: Cow::Owned(draft.text),
                origin: Origin::Stretches(draft.stretches),
                parent: None,
                disguise,
            });
        }
        // Folding may write more than it read: the room of the other views grows with it.
        let grown = views.text(0).len().saturating_sub(text.len());
        views.undo(Budget {
            bytes: budget.bytes.saturating_add(grown.saturating_mul(3)),
            ..budget
        });
        views
    }

    /// All views; the first is the folded text.
    pub fn views(&self) -> &[View<'text>] {
        &self.list
    }

    /// How many invisible characters the text had.
    pub fn invisible_count(&self) -> usize {
        self.seen.invisible
    }

    /// Where a part of a view is in the original text: byte offsets on character borders.
    pub fn original(&self, view: usize, range: Range<usize>) -> Range<usize> {
        let mut range = range;
        let mut index = Some(view);
        while let Some(view) = index.and_then(|index| self.list.get(index)) {
            range = view.to_parent(range);
            index = view.parent;
        }
        let mut start = range.start.min(self.original.len());
        while !self.original.is_char_boundary(start) {
            start -= 1;
        }
        let mut end = range.end.clamp(start, self.original.len());
        while !self.original.is_char_boundary(end) {
            end += 1;
        }
        start..end
    }

    /// Adds a view over another one; false when the budget is used up.
    fn add(&mut self, draft: Draft, parent: usize, disguise: Disguise, left: &mut usize) -> bool {
        if draft.text.len() > *left {
            return false;
        }
        *left -= draft.text.len();
        self.list.push(View {
            text: Cow::Owned(draft.text),
            origin: Origin::Stretches(draft.stretches),
            parent: Some(parent),
            disguise: Some(disguise),
        });
        true
    }

    fn text(&self, view: usize) -> &str {
        self.list.get(view).map_or("", |view| &view.text)
    }

    fn undo(&mut self, budget: Budget) {
        let mut left = budget.bytes;
        let signs = letters::Signs::of(self.text(0));
        // Encodings first: what they hide may be disguised by letters again.
        let mut deepest = 0;
        if signs.encoded || signs.binary {
            for _ in 0..budget.levels {
                let Some(draft) = decode::decode(self.text(deepest), left) else {
                    break;
                };
                let folded = fold_again(draft);
                if !self.add(folded, deepest, Disguise::Encoded, &mut left) {
                    break;
                }
                deepest = self.list.len() - 1;
            }
        }
        let bases: &[usize] = if deepest == 0 { &[0] } else { &[0, deepest] };
        for &base in bases {
            let signs = letters::Signs::of(self.text(base));
            if signs.spaced
                && let Some(draft) = letters::join_spaced(self.text(base))
                && !self.add(draft, base, Disguise::SpacedOut, &mut left)
            {
                return;
            }
            let joined = if self
                .list
                .last()
                .is_some_and(|view| view.disguise == Some(Disguise::SpacedOut))
            {
                self.list.len() - 1
            } else {
                base
            };
            if signs.leet
                && let Some(draft) = letters::unleet(self.text(joined))
                && !self.add(draft, joined, Disguise::Leet, &mut left)
            {
                return;
            }
            let plain = self.list.len() - 1;
            let plain = if plain > base { plain } else { base };
            if letters::looks_rot13(self.text(plain)) {
                let text = letters::rot13(self.text(plain));
                if text.len() > left {
                    return;
                }
                left -= text.len();
                self.list.push(View {
                    text: Cow::Owned(text),
                    origin: Origin::Same,
                    parent: Some(plain),
                    disguise: Some(Disguise::Rot13),
                });
            }
            if letters::looks_reversed(self.text(plain)) {
                let text: String = self.text(plain).chars().rev().collect();
                if text.len() > left {
                    return;
                }
                left -= text.len();
                self.list.push(View {
                    text: Cow::Owned(text),
                    origin: Origin::Backwards,
                    parent: Some(plain),
                    disguise: Some(Disguise::Reversed),
                });
            }
        }
    }
}

/// Folds what a decoder brought to light; stretches that were replaced stay whole.
fn fold_again(draft: Draft) -> Draft {
    if draft.text.is_ascii() {
        return draft;
    }
    let (folded, _) = fold::fold(&draft.text);
    let parent = View {
        text: Cow::Owned(draft.text),
        origin: Origin::Stretches(draft.stretches),
        parent: None,
        disguise: None,
    };
    let stretches = folded
        .stretches
        .iter()
        .map(|stretch| {
            let range = parent.to_parent(stretch.from..stretch.to);
            Stretch {
                at: stretch.at,
                from: range.start,
                to: range.end,
                exact: false,
            }
        })
        .collect();
    Draft {
        text: folded.text,
        stretches,
    }
}
