//! Writes the protocol.

use crate::transport::Outgoing;

/// Appends a PUB, or an HPUB when there are headers. Nothing is allocated but room in the buffer.
pub fn publish(out: &mut Vec<u8>, message: &Outgoing<'_>) {
    let headers = message.headers.encoded_len();
    let body = message.body.len();
    let subject = message.subject.as_str();
    let reply = message.reply.map_or("", |reply| reply.as_str());
    out.reserve(subject.len() + reply.len() + headers + body + 56);
    out.extend_from_slice(if headers == 0 { b"PUB " } else { b"HPUB " });
    out.extend_from_slice(subject.as_bytes());
    out.push(b' ');
    if !reply.is_empty() {
        out.extend_from_slice(reply.as_bytes());
        out.push(b' ');
    }
    if headers > 0 {
        number(out, headers as u64);
        out.push(b' ');
    }
    number(out, (headers + body) as u64);
    out.extend_from_slice(b"\r\n");
    message.headers.encode(out);
    message.body.write(out);
    out.extend_from_slice(b"\r\n");
}

/// Appends a SUB.
pub fn subscribe(out: &mut Vec<u8>, filter: &str, queue_group: Option<&str>, sid: u64) {
    out.extend_from_slice(b"SUB ");
    out.extend_from_slice(filter.as_bytes());
    if let Some(group) = queue_group {
        out.push(b' ');
        out.extend_from_slice(group.as_bytes());
    }
    out.push(b' ');
    number(out, sid);
    out.extend_from_slice(b"\r\n");
}

/// Appends an UNSUB.
pub fn unsubscribe(out: &mut Vec<u8>, sid: u64) {
    out.extend_from_slice(b"UNSUB ");
    number(out, sid);
    out.extend_from_slice(b"\r\n");
}

/// Appends a CONNECT with its JSON.
pub fn connect(out: &mut Vec<u8>, json: &[u8]) {
    out.extend_from_slice(b"CONNECT ");
    out.extend_from_slice(json);
    out.extend_from_slice(b"\r\n");
}

/// Appends a PING.
pub fn ping(out: &mut Vec<u8>) {
    out.extend_from_slice(b"PING\r\n");
}

/// Appends a PONG.
pub fn pong(out: &mut Vec<u8>) {
    out.extend_from_slice(b"PONG\r\n");
}

fn number(out: &mut Vec<u8>, number: u64) {
    let mut buffer = itoa::Buffer::new();
    out.extend_from_slice(buffer.format(number).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::headers::Headers;
    use crate::subject::Subject;
    use crate::transport::{Body, Flush};
    use crate::wire::parse::{Op, Parsed, parse};

    fn encode(reply: Option<&Subject>, headers: &Headers, body: &dyn Body) -> String {
        let mut out = Vec::new();
        let subject = Subject::literal("a.b");
        publish(
            &mut out,
            &Outgoing {
                subject: &subject,
                reply,
                headers,
                body,
                expires: None,
                flush: Flush::Soon,
            },
        );
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_message_carries_only_what_it_has() {
        let reply = Subject::literal("_INBOX.x");
        let mut headers = Headers::new();
        assert_eq!(encode(None, &headers, b"hi"), "PUB a.b 2\r\nhi\r\n");
        assert_eq!(encode(Some(&reply), &headers, b"hi"), "PUB a.b _INBOX.x 2\r\nhi\r\n");
        headers.insert("A", "1").unwrap();
        assert_eq!(
            encode(Some(&reply), &headers, b"hi"),
            "HPUB a.b _INBOX.x 18 20\r\nNATS/1.0\r\nA: 1\r\n\r\nhi\r\n"
        );
    }

    #[test]
    fn subscriptions_are_written_with_and_without_a_queue() {
        let mut out = Vec::new();
        subscribe(&mut out, "a.*", Some("q"), 4);
        subscribe(&mut out, "a.>", None, 5);
        unsubscribe(&mut out, 4);
        assert_eq!(out, b"SUB a.* q 4\r\nSUB a.> 5\r\nUNSUB 4\r\n");
    }

    #[test]
    fn ping_and_pong_are_read_as_what_they_are() {
        let (mut a, mut b) = (Vec::new(), Vec::new());
        ping(&mut a);
        pong(&mut b);
        assert_eq!(parse(&a), Ok(Parsed::Op(Op::Ping, 6)));
        assert_eq!(parse(&b), Ok(Parsed::Op(Op::Pong, 6)));
    }
}
