//! How bytes are shown: by their number. They may be a message with sensitive fields, which nothing here can tell.

use std::fmt;

/// Shows how many bytes there are, and none of them.
pub(crate) struct Length<'a>(pub(crate) &'a [u8]);

impl fmt::Debug for Length<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use bytes::Bytes;

    use crate::durable::{Append, Record, Stored};
    use crate::headers::Headers;
    use crate::layer::Response;
    use crate::status::Detail;
    use crate::subject::SubjectBuilder;
    use crate::transport::Message;

    #[test]
    fn whatever_carries_bytes_shows_none_of_them() {
        let payload = Bytes::from_static(b"hunter2");
        let (headers, time) = (Headers::new(), SystemTime::UNIX_EPOCH);
        let subject = SubjectBuilder::new("evt.zoo.v1").build();
        let shown = [
            format!(
                "{:?}",
                Append {
                    stream: "ZOO".to_owned(),
                    subject,
                    headers: headers.clone(),
                    payload: payload.clone(),
                    expect: None,
                    id: None,
                }
            ),
            format!(
                "{:?}",
                Stored {
                    sequence: 1,
                    subject: "evt.zoo.v1".to_owned(),
                    headers: headers.clone(),
                    payload: payload.clone(),
                    time,
                    pending: 0,
                }
            ),
            format!(
                "{:?}",
                Record { key: "lions".to_owned(), value: Some(payload.clone()), revision: 1, time }
            ),
            format!("{:?}", Response { headers, body: payload.clone() }),
            format!(
                "{:?}",
                Detail { type_name: "acme.v1.Secret".to_owned(), value: payload.clone() }
            ),
        ];
        let message = Message {
            subject: Bytes::from_static(b"svc.zoo.v1"),
            reply: None,
            status: None,
            headers: None,
            payload,
        };
        let wired = [format!("{message:?}"), format!("{:?}", message.frame())];
        for shown in shown.iter().chain(&wired) {
            assert!(shown.contains("7 bytes") && !shown.contains("hunter2"), "{shown}");
        }
    }
}
