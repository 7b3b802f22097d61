use std::collections::BTreeMap;

use utoipa::openapi::{Content, Ref, RefOr, ResponseBuilder, response::Response};
use utoipa::{IntoResponses, ToSchema};

use crate::management::problem::Details;

/// What a route may refuse a request with.
macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident: $($status:literal)*;)*) => {$(
        $(#[$doc])*
        pub(super) struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                [$($status),*].into_iter().map(refusal).collect()
            }
        }
    )*};
}

refusals! {
    /// Of what is read by everybody in a session.
    Plain: 401 403 412;
    /// Of a list.
    Listed: 400 401 403 412 503;
    /// Of a token that is read.
    Read: 401 403 404 412 503;
    /// Of a token that is made.
    Issued: 400 401 403 409 412 413 415 422 500 503;
    /// Of a token that is changed.
    Changed: 400 401 403 404 409 412 413 415 422 500 503;
    /// Of a token that is revoked.
    Revoked: 401 403 404 412 500 503;
    /// Of revoking all.
    RevokedAll: 400 401 403 412 413 415 422 500 503;
}

fn refusal(status: u16) -> (String, RefOr<Response>) {
    let why = match status {
        400 => "The body is no JSON, or a parameter is wrong",
        401 => "No session",
        403 => {
            "The right or a scope is missing, a confirmation is wanted, a bearer token is there, or the page is another's"
        }
        404 => "The person has no such token",
        409 => "The name is taken, the limit is reached, or the token cannot be changed any more",
        412 => "Somebody else is signed in than `Personal-Tokens-Principal` says",
        413 => "The body is over 16 KiB",
        415 => "The body is not said to be JSON",
        422 => "A field is wrong",
        500 => "Something failed on the service's side",
        _ => "The tokens cannot be reached",
    };
    let content = Content::new(Some(Ref::from_schema_name(Details::name())));
    let response = ResponseBuilder::new().description(why).content("application/problem+json", content).build();
    (status.to_string(), response.into())
}
