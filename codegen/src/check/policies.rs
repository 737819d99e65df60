//! Policies as they are written, at every level that can have one.

use super::Context;
use crate::schema::option::{Breaker, Hedge, Retry};
use crate::schema::survey::Element;

/// The policies of one element.
pub(super) struct Policies<'a> {
    pub(super) element: &'a Element,
    pub(super) retry: Option<&'a Retry>,
    pub(super) breaker: Option<&'a Breaker>,
    pub(super) hedge: Option<&'a Hedge>,
}

/// Every element's, in the order of declaration.
pub(super) fn written<'a>(context: &Context<'a>) -> Vec<Policies<'a>> {
    let mut list = Vec::new();
    for file in &context.survey.files {
        let (element, options) = (&file.element, &file.options);
        let (retry, breaker) = (options.retry.as_ref(), options.breaker.as_ref());
        list.push(Policies { element, retry, breaker, hedge: None });
        for service in &file.services {
            let (element, options) = (&service.element, &service.options);
            let (retry, breaker) = (options.retry.as_ref(), options.breaker.as_ref());
            list.push(Policies { element, retry, breaker, hedge: None });
            list.extend(service.methods.iter().map(|method| {
                let (element, options) = (&method.element, &method.options);
                let (retry, breaker) = (options.retry.as_ref(), options.breaker.as_ref());
                Policies { element, retry, breaker, hedge: options.hedge.as_ref() }
            }));
        }
    }
    list
}
