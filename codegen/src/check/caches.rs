//! Caches as they are written.

use super::Context;
use crate::schema::option::Cache;
use crate::schema::survey::{File, Message, Method};

/// What is written for one method.
pub(super) struct Written<'a> {
    pub(super) file: &'a File,
    pub(super) method: &'a Method,
    pub(super) cache: &'a Cache,
    pub(super) request: &'a Message,
}

/// Every method's that takes one request and gives one answer.
pub(super) fn written<'a>(context: &Context<'a>) -> impl Iterator<Item = Written<'a>> {
    let survey = context.survey;
    let methods = survey.services().flat_map(|(file, service)| {
        let unary = |it: &&Method| !it.client_streaming && !it.server_streaming;
        service.methods.iter().filter(unary).map(move |method| (file, method))
    });
    methods.filter_map(|(file, method)| {
        let (cache, request) =
            (method.options.cache.as_ref()?, survey.messages.get(&method.request)?);
        Some(Written { file, method, cache, request })
    })
}
