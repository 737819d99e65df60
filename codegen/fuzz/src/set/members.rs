//! Changes of messages, fields, enums and methods.

use bodybroker_codegen::check::image::descriptor::descriptor_proto::{
    ExtensionRange, ReservedRange,
};
use bodybroker_codegen::check::image::descriptor::enum_descriptor_proto::EnumReservedRange;
use bodybroker_codegen::check::image::descriptor::{
    DescriptorProto, EnumDescriptorProto, EnumOptions, FieldDescriptorProto, FieldOptions,
    FileDescriptorProto, FileDescriptorSet, MessageOptions, MethodOptions, OneofDescriptorProto,
};
use rand::RngExt as _;
use rand::rngs::StdRng;
use rand::seq::{IndexedMutRandom as _, IndexedRandom as _, IteratorRandom as _};

use super::{files, values};

/// Messages inside messages, at most.
const DEPTH_MAX: usize = 120;

pub(super) fn field_type(set: &mut FileDescriptorSet, random: &mut StdRng) -> Option<()> {
    let known = names(set);
    field(set, random)?.type_name = values::name_of(&known, random);
    Some(())
}

pub(super) fn field_kind(set: &mut FileDescriptorSet, random: &mut StdRng) -> Option<()> {
    let field = field(set, random)?;
    let number = if random.random() { random.random_range(0..20) } else { values::number(random) };
    match random.random_range(0..4) {
        0 => field.label = Some(number),
        1 => field.r#type = None,
        2 => field.label = None,
        _ => field.r#type = Some(number),
    }
    Some(())
}

pub(super) fn field_number(set: &mut FileDescriptorSet, random: &mut StdRng) -> Option<()> {
    let number = values::number(random);
    field(set, random)?.number = random.random_ratio(7, 8).then_some(number);
    Some(())
}

pub(super) fn field_name(set: &mut FileDescriptorSet, random: &mut StdRng) -> Option<()> {
    let field = field(set, random)?;
    let name = values::name_of(&[], random);
    if random.random() {
        field.name = name;
    } else {
        field.json_name = name;
    }
    Some(())
}

pub(super) fn field_oneof(set: &mut FileDescriptorSet, random: &mut StdRng) -> Option<()> {
    let message = any_message(set, random)?;
    if random.random() {
        message
            .oneof_decl
            .push(OneofDescriptorProto { name: Some(values::name(random)), options: None });
    }
    let field = message.field.choose_mut(random)?;
    field.oneof_index = Some(if random.random() { 0 } else { values::number(random) });
    field.proto3_optional = random.random::<bool>().then_some(true);
    Some(())
}

pub(super) fn field_default(set: &mut FileDescriptorSet, random: &mut StdRng) -> Option<()> {
    let values = ["", "1", "-1", "1e999", "nan", "true", "\\377", "\\", "\\x", "NOWHERE", "é\0"];
    field(set, random)?.default_value = values.choose(random).map(|it| (*it).to_owned());
    Some(())
}

pub(super) fn field_options(set: &mut FileDescriptorSet, random: &mut StdRng) -> Option<()> {
    let options = field(set, random)?.options.get_or_insert_with(FieldOptions::default);
    match random.random_range(0..5) {
        0 => options.ctype = Some(values::number(random)),
        1 => options.jstype = Some(values::number(random)),
        2 => options.packed = Some(random.random()),
        _ => options.uninterpreted_option.push(files::uninterpreted(random)),
    }
    Some(())
}

/// Makes an extension of a field, or a field of what one extends.
pub(super) fn extension(set: &mut FileDescriptorSet, random: &mut StdRng) -> Option<()> {
    let known = names(set);
    let mut copy = field(set, random)?.clone();
    copy.extendee = values::name_of(&known, random);
    if random.random() {
        copy.number = Some(values::number(random));
    }
    match random.random_range(0..3) {
        0 => any_message(set, random)?.extension.push(copy),
        1 => any_message(set, random)?.field.push(copy),
        _ => files::pick(set, random)?.extension.push(copy),
    }
    Some(())
}

pub(super) fn method(set: &mut FileDescriptorSet, random: &mut StdRng) -> Option<()> {
    let known = names(set);
    let services = set.file.iter_mut().flat_map(|file| &mut file.service);
    let service = services.choose(random)?;
    let method = service.method.choose_mut(random)?;
    match random.random_range(0..5) {
        0 => method.name = values::name_of(&[], random),
        1 => method.input_type = values::name_of(&known, random),
        2 => method.output_type = values::name_of(&known, random),
        3 => {
            let options = method.options.get_or_insert_with(MethodOptions::default);
            options.idempotency_level = Some(values::number(random));
        }
        _ => service.name = values::name_of(&known, random),
    }
    Some(())
}

/// Other names, members that are there twice or not at all, messages inside themselves.
pub(super) fn message(set: &mut FileDescriptorSet, random: &mut StdRng) -> Option<()> {
    let message = any_message(set, random)?;
    match random.random_range(0..7) {
        0 => message.name = values::name_of(&[], random),
        1 => message.field.clear(),
        2 => message.oneof_decl.clear(),
        3 => message.nested_type.clear(),
        4 => {
            let copy = message.field.choose(random)?.clone();
            message.field.push(copy);
        }
        5 => message.nested_type.push(message.clone()),
        _ => {
            for _ in 0..random.random_range(0..DEPTH_MAX) {
                let name = message.name.clone();
                *message = DescriptorProto {
                    name,
                    nested_type: vec![message.clone()],
                    ..DescriptorProto::default()
                };
            }
        }
    }
    Some(())
}

/// Says of a message that it is a map's entry, or of an entry that it is none.
pub(super) fn entry(set: &mut FileDescriptorSet, random: &mut StdRng) -> Option<()> {
    let message = any_message(set, random)?;
    let options = message.options.get_or_insert_with(MessageOptions::default);
    options.map_entry = Some(options.map_entry != Some(true));
    options.message_set_wire_format = random.random_ratio(1, 4).then_some(true);
    Some(())
}

pub(super) fn range(set: &mut FileDescriptorSet, random: &mut StdRng) -> Option<()> {
    let message = any_message(set, random)?;
    let mut end = || random.random_ratio(7, 8).then(|| values::number(random));
    let (start, end) = (end(), end());
    if random.random() {
        message.extension_range.push(ExtensionRange { start, end, options: None });
    } else {
        message.reserved_range.push(ReservedRange { start, end });
        message.reserved_name.push(values::name(random));
    }
    Some(())
}

pub(super) fn enumeration(set: &mut FileDescriptorSet, random: &mut StdRng) -> Option<()> {
    let all = set.file.iter_mut().flat_map(enums);
    let it: &mut EnumDescriptorProto = all.choose(random)?;
    match random.random_range(0..7) {
        0 => it.value.clear(),
        1 => it.name = values::name_of(&[], random),
        2 => it.value.choose_mut(random)?.number = Some(values::number(random)),
        3 => it.value.choose_mut(random)?.name = values::name_of(&[], random),
        4 => {
            let copy = it.value.choose(random)?.clone();
            it.value.push(copy);
        }
        5 => {
            it.options.get_or_insert_with(EnumOptions::default).allow_alias = Some(random.random());
        }
        _ => {
            let (start, end) = (Some(values::number(random)), Some(values::number(random)));
            it.reserved_range.push(EnumReservedRange { start, end });
        }
    }
    Some(())
}

fn any_message<'a>(
    set: &'a mut FileDescriptorSet,
    random: &mut StdRng,
) -> Option<&'a mut DescriptorProto> {
    let messages = set.file.iter_mut().flat_map(|file| &mut file.message_type);
    let mut message = messages.choose(random)?;
    while !message.nested_type.is_empty() && random.random() {
        message = message.nested_type.choose_mut(random)?;
    }
    Some(message)
}

fn field<'a>(
    set: &'a mut FileDescriptorSet,
    random: &mut StdRng,
) -> Option<&'a mut FieldDescriptorProto> {
    if random.random_ratio(1, 8) {
        return set.file.iter_mut().flat_map(|file| &mut file.extension).choose(random);
    }
    let message = any_message(set, random)?;
    if random.random_ratio(1, 8) { &mut message.extension } else { &mut message.field }
        .choose_mut(random)
}

fn enums(file: &mut FileDescriptorProto) -> Vec<&mut EnumDescriptorProto> {
    let FileDescriptorProto { enum_type, message_type, .. } = file;
    let inner = message_type.iter_mut().flat_map(|message| &mut message.enum_type);
    enum_type.iter_mut().chain(inner).collect()
}

/// Full names of types and values, with a dot before them.
fn names(set: &FileDescriptorSet) -> Vec<String> {
    let names = set.file.iter().flat_map(|file| {
        let messages = file.message_type.iter().map(DescriptorProto::name);
        let enums = file.enum_type.iter().map(EnumDescriptorProto::name);
        messages.chain(enums).map(|name| format!(".{}.{name}", file.package()))
    });
    names.collect()
}
