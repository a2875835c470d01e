//! A blocking HTTP/1.1 client by hand: a correct client can't send bad bytes, leave in the middle of a body, or show how a reply broke
//! off.

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// Longer than anything that a test waits for.
const PATIENCE: Duration = Duration::from_mins(2);

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether the body ended as its framing promised.
    pub(crate) is_whole: bool,
}

impl Response {
    /// The first value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body as text, with replacement characters.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; the test fails where it is none.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            panic!(
                "status {} and no JSON ({error}): {}",
                self.status,
                self.text()
            )
        })
    }

    /// A field of the JSON body, by its JSON pointer; null where it is missing.
    #[track_caller]
    pub(crate) fn at(&self, pointer: &str) -> Value {
        self.json().pointer(pointer).cloned().unwrap_or(Value::Null)
    }

    /// Fails the test, with everything that came back, unless the status is this.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(
            self.status,
            status,
            "{:?}\n{}",
            self.headers,
            self.text().chars().take(2_000).collect::<String>()
        );
        self
    }

    /// Fails the test unless this is a problem with the status and code.
    #[track_caller]
    pub(crate) fn expect_code(self, status: u16, code: &str) -> Self {
        let response = self.expect(status);
        assert_eq!(response.at("/code"), code, "{}", response.text());
        response
    }

    /// Everything that came back, as bytes: where a secret must not be.
    pub(crate) fn everything(&self) -> Vec<u8> {
        let mut all = Vec::new();
        for (name, value) in &self.headers {
            all.extend_from_slice(format!("{name}: {value}\n").as_bytes());
        }
        all.extend_from_slice(&self.body);
        all
    }
}

/// Calls one gateway with one key, a new connection for each call.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    pub(crate) address: SocketAddr,
    pub(crate) key: Option<String>,
}

impl Api {
    /// Sends a call and reads the whole answer.
    pub(crate) fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> io::Result<Response> {
        let mut wire = self.start(method, path, headers, body)?;
        wire.response()
    }

    /// Sends a call; the answer is still to be read.
    pub(crate) fn start(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> io::Result<Wire> {
        let mut head = self.head(method, path, headers);
        let _ = write!(head, "connection: close\r\n");
        if let Some(body) = body {
            let _ = write!(head, "content-length: {}\r\n", body.len());
        }
        head.push_str("\r\n");
        let mut wire = Wire::open(self.address, method == "HEAD")?;
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(body.unwrap_or_default());
        // A gateway that answers before it has read everything may close: its answer counts.
        let _ = wire.stream.write_all(&bytes);
        Ok(wire)
    }

    /// The head of a call without its last line.
    pub(crate) fn head(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> String {
        let mut head = format!("{method} {path} HTTP/1.1\r\n");
        let given = |name: &str| {
            headers
                .iter()
                .any(|(key, _)| key.eq_ignore_ascii_case(name))
        };
        if !given("host") {
            let _ = write!(head, "host: {}\r\n", self.address);
        }
        if let Some(key) = self.key.as_deref().filter(|_| !given("authorization")) {
            let _ = write!(head, "authorization: Bearer {key}\r\n");
        }
        for (name, value) in headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        head
    }

    /// Sends a call and reads the whole answer. A gateway that can't confirm its configuration, because the machine or the database
    /// stood still for a second, says so and is asked again, as every client is told to.
    #[track_caller]
    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Response {
        for _ in 0..40 {
            let response = self
                .try_send(method, path, headers, body)
                .unwrap_or_else(|error| panic!("{method} {path}: {error}"));
            if response.status != 503 || !response.text().contains("\"configuration_stale\"") {
                return response;
            }
            std::thread::sleep(Duration::from_millis(250));
        }
        panic!("{method} {path}: the gateway could not confirm its configuration for ten seconds");
    }

    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Response {
        self.send("GET", path, &[], None)
    }

    #[track_caller]
    pub(crate) fn delete(&self, path: &str) -> Response {
        self.send("DELETE", path, &[], None)
    }

    #[track_caller]
    pub(crate) fn post(&self, path: &str, body: &Value) -> Response {
        self.with_json("POST", path, &[], body)
    }

    #[track_caller]
    pub(crate) fn patch(&self, path: &str, body: &Value) -> Response {
        self.with_json("PATCH", path, &[], body)
    }

    #[track_caller]
    pub(crate) fn with_json(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Response {
        let mut all = vec![("content-type", "application/json")];
        all.extend_from_slice(headers);
        self.send(method, path, &all, Some(body.to_string().as_bytes()))
    }

    /// The items of every page of a list, whose path has a query.
    #[track_caller]
    pub(crate) fn whole_list(&self, path: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.get(&format!("{path}{cursor}")).expect(200).json();
            items.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return items,
            }
        }
    }

    /// The items of a list, of its first page.
    #[track_caller]
    pub(crate) fn list(&self, path: &str) -> Vec<Value> {
        let response = self.get(path).expect(200);
        response
            .at("/items")
            .as_array()
            .cloned()
            .unwrap_or_else(|| panic!("no items: {}", response.text()))
    }
}

/// An open connection.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) stream: TcpStream,
    buffer: Vec<u8>,
    is_head_only: bool,
}

enum Framing {
    Length(usize),
    Chunked,
    UntilClose,
}

impl Wire {
    pub(crate) fn open(address: SocketAddr, is_head_only: bool) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self {
            stream,
            buffer: Vec::new(),
            is_head_only,
        })
    }

    /// Leaves, as a client does that is killed.
    pub(crate) fn leave(self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }

    fn fill(&mut self) -> io::Result<usize> {
        let mut piece = vec![0; 64 * 1024];
        let count = self.stream.read(&mut piece)?;
        self.buffer.extend_from_slice(&piece[..count]);
        Ok(count)
    }

    /// Reads the head of the answer.
    pub(crate) fn response_head(&mut self) -> io::Result<(u16, Vec<(String, String)>)> {
        loop {
            let mut fields = [httparse::EMPTY_HEADER; 128];
            let mut parsed = httparse::Response::new(&mut fields);
            match parsed.parse(&self.buffer) {
                Ok(httparse::Status::Complete(length)) => {
                    let status = parsed.code.unwrap_or_default();
                    let headers = parsed
                        .headers
                        .iter()
                        .map(|field| {
                            (
                                field.name.to_owned(),
                                String::from_utf8_lossy(field.value).into_owned(),
                            )
                        })
                        .collect();
                    self.buffer.drain(..length);
                    if (100..200).contains(&status) {
                        continue;
                    }
                    return Ok((status, headers));
                }
                Ok(httparse::Status::Partial) => {}
                Err(error) => {
                    return Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        error.to_string(),
                    ));
                }
            }
            if self.fill()? == 0 {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "closed before the answer's head",
                ));
            }
        }
    }

    /// Reads the whole answer. One whose body breaks off is no error here: see [`Response::is_whole`].
    pub(crate) fn response(&mut self) -> io::Result<Response> {
        let (status, headers) = self.response_head()?;
        let header = |name: &str| {
            headers
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.clone())
        };
        let framing =
            if self.is_head_only || matches!(status, 204 | 304) {
                Framing::Length(0)
            } else if header("transfer-encoding")
                .is_some_and(|value| value.eq_ignore_ascii_case("chunked"))
            {
                Framing::Chunked
            } else if let Some(length) = header("content-length") {
                Framing::Length(length.parse().map_err(|_| {
                    io::Error::new(io::ErrorKind::InvalidData, "bad content-length")
                })?)
            } else {
                Framing::UntilClose
            };
        let mut body = Vec::new();
        let is_whole = self.body(&framing, &mut body)?;
        Ok(Response {
            status,
            headers,
            body,
            is_whole,
        })
    }

    fn body(&mut self, framing: &Framing, body: &mut Vec<u8>) -> io::Result<bool> {
        let is_broken = |error: &io::Error| {
            matches!(
                error.kind(),
                io::ErrorKind::ConnectionReset
                    | io::ErrorKind::BrokenPipe
                    | io::ErrorKind::UnexpectedEof
            )
        };
        match *framing {
            Framing::Length(length) => {
                while self.buffer.len() < length {
                    match self.fill() {
                        Ok(0) => break,
                        Ok(_) => {}
                        Err(error) if is_broken(&error) => break,
                        Err(error) => return Err(error),
                    }
                }
                let is_whole = self.buffer.len() >= length;
                body.extend(self.buffer.drain(..length.min(self.buffer.len())));
                Ok(is_whole)
            }
            Framing::UntilClose => loop {
                body.append(&mut self.buffer);
                match self.fill() {
                    Ok(0) => return Ok(true),
                    Ok(_) => {}
                    Err(error) if is_broken(&error) => return Ok(false),
                    Err(error) => return Err(error),
                }
            },
            Framing::Chunked => loop {
                match self.chunk() {
                    Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                    Ok(None) => return Ok(true),
                    Err(error) if is_broken(&error) => return Ok(false),
                    Err(error) => return Err(error),
                }
            },
        }
    }

    /// The next chunk of a chunked answer; `None` at its end.
    pub(crate) fn chunk(&mut self) -> io::Result<Option<Vec<u8>>> {
        let line = loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\r\n") {
                let line: Vec<u8> = self.buffer.drain(..end + 2).collect();
                break line;
            }
            if self.fill()? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        };
        let text = String::from_utf8_lossy(&line);
        let size = usize::from_str_radix(text.trim().split(';').next().unwrap_or_default(), 16)
            .map_err(|_| {
                io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("bad chunk size {text:?}"),
                )
            })?;
        while self.buffer.len() < size + 2 {
            if self.fill()? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let chunk: Vec<u8> = self.buffer.drain(..size).collect();
        self.buffer.drain(..2);
        Ok((size > 0).then_some(chunk))
    }
}
