//! A message of any type: its bytes. The descriptor gives them meaning afterwards.

use bytes::{Buf, BufMut};
use prost::DecodeError;
use prost::encoding::{self, DecodeContext, WireType};

/// The bytes of a message.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Raw(pub(crate) Vec<u8>);

impl prost::Message for Raw {
    fn encode_raw(&self, buf: &mut impl BufMut) {
        buf.put_slice(&self.0);
    }

    fn encoded_len(&self) -> usize {
        self.0.len()
    }

    fn clear(&mut self) {
        self.0.clear();
    }

    /// Copies a field as it is.
    fn merge_field(
        &mut self,
        tag: u32,
        wire_type: WireType,
        buf: &mut impl Buf,
        ctx: DecodeContext,
    ) -> Result<(), DecodeError> {
        let out = &mut self.0;
        match wire_type {
            WireType::Varint => {
                let mut value = 0;
                encoding::uint64::merge(wire_type, &mut value, buf, ctx)?;
                encoding::uint64::encode(tag, &value, out);
            }
            WireType::SixtyFourBit => {
                let mut value = 0;
                encoding::fixed64::merge(wire_type, &mut value, buf, ctx)?;
                encoding::fixed64::encode(tag, &value, out);
            }
            WireType::ThirtyTwoBit => {
                let mut value = 0;
                encoding::fixed32::merge(wire_type, &mut value, buf, ctx)?;
                encoding::fixed32::encode(tag, &value, out);
            }
            WireType::LengthDelimited => {
                let mut value = Vec::new();
                encoding::bytes::merge(wire_type, &mut value, buf, ctx)?;
                encoding::bytes::encode(tag, &value, out);
            }
            // proto3 has no groups.
            WireType::StartGroup | WireType::EndGroup => {
                encoding::skip_field(wire_type, tag, buf, ctx)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;

    #[test]
    fn every_field_is_kept_as_it_is() {
        let mut bytes = Vec::new();
        encoding::uint64::encode(1, &0, &mut bytes);
        encoding::int32::encode(2, &-1, &mut bytes);
        encoding::double::encode(3, &1.5, &mut bytes);
        encoding::fixed32::encode(4, &7, &mut bytes);
        encoding::string::encode(5, &"words".to_owned(), &mut bytes);
        encoding::string::encode(5, &String::new(), &mut bytes);
        assert_eq!(Raw::decode(bytes.as_slice()).map(|raw| raw.encode_to_vec()), Ok(bytes));
    }

    #[test]
    fn what_is_cut_off_is_refused() {
        assert!(Raw::decode([0x2a, 5, b'a'].as_slice()).is_err());
    }
}
