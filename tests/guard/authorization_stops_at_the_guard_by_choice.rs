//! `Authorization` goes no further than a guard that strips it: only where it held the token that was accepted.
#![cfg(all(feature = "memory", feature = "testing", feature = "tower"))]

use crate::common;

use common::door::{Seen, Who, authorization, bearer, both_shops, lines, see, with_lines};
use common::forge::{RANDOM_LEN, forge};
use common::issue;
use http::header::{ACCEPT, AUTHORIZATION};
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode};
use personal_tokens::http::{BearerAuthLayer, Refusal};
use tower::{Layer as _, ServiceExt as _, service_fn};

/// What the renderer sees of a refused request.
fn seen_by_renderer(_: &Refusal, request: &Parts) -> Response<Seen> {
    Response::new(Seen { who: Who::NotAsked, authorization: authorization(&request.headers) })
}

#[tokio::test]
async fn a_good_token_is_passed_on_marked_sensitive_unless_the_guard_strips_it() {
    for (tokens, _clock) in both_shops() {
        let good = issue(&tokens, "good").await;
        let request = || bearer(good.token.expose());
        let guard = BearerAuthLayer::new(tokens);

        let Seen { who, authorization } = guard.layer(service_fn(see)).oneshot(request()).await.unwrap().into_body();
        assert_eq!(who, Who::Token("good".to_owned()));
        assert_eq!(authorization, [&request().headers()[AUTHORIZATION]]);
        assert!(authorization[0].is_sensitive());

        let guard = guard.strip_authorization();
        let Seen { who, authorization } = guard.layer(service_fn(see)).oneshot(request()).await.unwrap().into_body();
        assert_eq!((who, authorization.len()), (Who::Token("good".to_owned()), 0));
    }
}

#[tokio::test]
async fn other_headers_stay() {
    for (tokens, _clock) in both_shops() {
        let good = issue(&tokens, "good").await;
        let service = service_fn(async |request: http::Request<()>| {
            Ok::<_, std::convert::Infallible>(Response::new(format!("{:?}", request.headers())))
        });
        let mut request = bearer(good.token.expose());
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("text/plain"));
        let guarded = BearerAuthLayer::new(tokens).strip_authorization().layer(service);
        assert_eq!(guarded.oneshot(request).await.unwrap().body(), r#"{"accept": "text/plain"}"#);
    }
}

#[tokio::test]
async fn what_is_no_accepted_token_is_left_as_it_came() {
    for (tokens, _clock) in both_shops() {
        let unknown = format!("Bearer {}", forge("shop", &[7; RANDOM_LEN]));
        let guard = BearerAuthLayer::new(tokens).strip_authorization();
        let (strict, optional) =
            (guard.clone().renderer(seen_by_renderer), guard.optional().renderer(seen_by_renderer));
        let cases: &[(&[&[u8]], u16, u16)] = &[
            (&[b"Basic eDp5"], 401, 200),
            (&[b"Bearer None"], 401, 401),
            (&[b"Bearer"], 400, 400),
            (&[b"Basic eDp5", b"Bearer None"], 400, 400),
            (&[unknown.as_bytes()], 401, 401),
        ];
        for (sent, strictly, optionally) in cases {
            for (guard, status) in [(&strict, strictly), (&optional, optionally)] {
                let response = guard.layer(service_fn(see)).oneshot(with_lines(sent)).await.unwrap();
                assert_eq!(response.status(), *status);
                let expected: Vec<_> = sent.iter().map(|line| HeaderValue::from_bytes(line).unwrap()).collect();
                assert_eq!(response.body().authorization, expected);
            }
        }
    }
}

#[tokio::test]
async fn a_guard_below_one_that_strips_finds_no_token() {
    for (tokens, _clock) in both_shops() {
        let good = issue(&tokens, "good").await;
        let guard = BearerAuthLayer::new(tokens);
        let twice = guard.clone().strip_authorization().layer(guard.layer(service_fn(see)));
        let response = twice.oneshot(bearer(good.token.expose())).await.unwrap();
        assert_eq!((response.status(), &response.body().who), (StatusCode::UNAUTHORIZED, &Who::NotAsked));
        assert_eq!(lines(response.headers(), "www-authenticate"), [r#"Bearer realm="api""#]);
    }
}
