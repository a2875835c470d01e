//! Server-sent events, as the HTML standard defines their stream
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream>).

use bytes::{Buf, BytesMut};

use super::client::LocalStream;
use crate::error::NetError;

/// The longest event, in bytes: an unended one must not fill the memory.
const EVENT_BYTES: usize = 1 << 20;

/// One event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerSentEvent {
    /// The id to resume after, sent back as `Last-Event-ID`. Kept from earlier events, as the standard says.
    pub id: String,
    /// The kind; `message` when the stream names none.
    pub event: String,
    /// The data, its lines joined by `\n`.
    pub data: String,
}

/// Events as they come. Comments (keep-alives) are skipped.
#[derive(Debug)]
pub struct EventStream {
    stream: LocalStream,
    parser: Parser,
}

impl EventStream {
    pub(super) fn new(stream: LocalStream) -> Self {
        Self {
            stream,
            parser: Parser::default(),
        }
    }

    /// The next event, or `None` at the end of the stream.
    pub async fn next_event(&mut self) -> Result<Option<ServerSentEvent>, NetError> {
        loop {
            if let Some(event) = self.parser.next()? {
                return Ok(Some(event));
            }
            match self.stream.next_chunk().await? {
                Some(chunk) => self.parser.buffer.extend_from_slice(&chunk),
                None => return Ok(None),
            }
        }
    }
}

#[derive(Debug, Default)]
struct Parser {
    buffer: BytesMut,
    event: ServerSentEvent,
    has_data: bool,
}

impl Parser {
    fn next(&mut self) -> Result<Option<ServerSentEvent>, NetError> {
        while let Some(end) = self.buffer.iter().position(|byte| *byte == b'\n') {
            let line = self.buffer.split_to(end);
            self.buffer.advance(1);
            let line =
                String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(&line)).into_owned();
            if !line.is_empty() {
                self.read_field(&line);
            } else if std::mem::take(&mut self.has_data) {
                return Ok(Some(self.finish()));
            } else {
                self.event.event.clear();
            }
        }
        if self.buffer.len() + self.event.data.len() > EVENT_BYTES {
            return Err(NetError::ResponseTooLarge {
                limit_bytes: EVENT_BYTES as u64,
            });
        }
        Ok(None)
    }

    fn read_field(&mut self, line: &str) {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" if !value.contains('\0') => value.clone_into(&mut self.event.id),
            "event" => value.clone_into(&mut self.event.event),
            "data" => {
                if self.has_data {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
                self.has_data = true;
            }
            _ => {}
        }
    }

    fn finish(&mut self) -> ServerSentEvent {
        let mut event = ServerSentEvent {
            id: self.event.id.clone(),
            ..std::mem::take(&mut self.event)
        };
        self.event.id.clone_from(&event.id);
        if event.event.is_empty() {
            "message".clone_into(&mut event.event);
        }
        event
    }
}
