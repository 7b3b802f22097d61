//! The shop's sign-in: who has the password gets a session of their own, and only from the shop's own form.
#![cfg(all(feature = "management", feature = "sqlite", feature = "tokio", unix))]

#[path = "common/folder.rs"]
mod folder;
#[path = "common/shop_process.rs"]
mod shop_process;
#[path = "common/shop_visitor.rs"]
mod shop_visitor;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use shop_process::{Answer, Shop};
use shop_visitor::{OWN_PAGE, SETUP, Visitor};

#[test]
fn each_user_signs_in_and_out() {
    let shop = Shop::start();
    for (user, store) in [("owner", "store-42"), ("other", "store-43"), ("clerk", "store-42")] {
        let visitor = Visitor::of(&shop);
        assert_eq!(visitor.get("/sell").header("location"), ["/sign-in?next=/sell"]);

        let answer = visitor.sign_in(user, &shop.password());
        assert_eq!((answer.status, answer.header("location")), (303, vec!["/".to_owned()]));
        let sell = visitor.get("/sell");
        assert_eq!(sell.status, 200);
        assert!(sell.body.contains(&format!("{user}, {store}")), "{}", sell.body);

        let out = visitor.send("/sign-out", &[]);
        assert_eq!((out.status, out.header("location")), (303, vec!["/".to_owned()]));
        assert!(out.header("set-cookie").join("").contains("Max-Age=0"), "{:?}", out.header("set-cookie"));
        assert_eq!(visitor.get("/sell").status, 303);
    }
}

#[test]
fn a_session_that_was_signed_out_is_over_for_who_kept_its_cookie() {
    let shop = Shop::start();
    let visitor = Visitor::of(&shop);
    let cookie = session_of(&visitor.sign_in("owner", &shop.password()));
    let with_it = || shop.request("GET", "/sell", &[format!("Cookie: {cookie}")]).status;
    assert_eq!(with_it(), 200);
    visitor.send("/sign-out", &[]);
    assert_eq!(with_it(), 303);
}

#[test]
fn a_wrong_user_and_a_wrong_password_have_one_answer() {
    let shop = Shop::start();
    let right = shop.password();
    let mut answers = Vec::new();
    for (user, password) in [
        ("owner", "wrong"),
        ("nobody", "wrong"),
        ("nobody", &*right),
        ("owner", ""),
        ("owner", &right.to_uppercase()),
        ("Owner", &right),
        ("owner ", &right),
        ("", ""),
    ] {
        let visitor = Visitor::of(&shop);
        let answer = visitor.sign_in(user, password);
        assert_eq!((answer.status, answer.header("set-cookie")), (403, vec![]), "{user:?} {password:?}");
        assert_eq!(visitor.get("/sell").status, 303);
        // What was typed stands in its field again.
        answers.push(answer.body.replace(&format!("name=user value=\"{user}\""), "name=user value=…"));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:#?}");
    assert!(answers[0].contains("The user or the password is wrong."));
}

#[test]
fn what_was_typed_stands_in_its_field_as_text() {
    let shop = Shop::start();
    let answer = Visitor::of(&shop).sign_in("\"'><script>&amp;", "wrong");
    assert!(answer.body.contains("value=\"&quot;&#39;&gt;&lt;script&gt;&amp;amp;\""), "{}", answer.body);
    let policy = answer.header("content-security-policy").join("\n");
    assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("script-src"), "{policy}");
}

#[test]
fn the_cookie_is_out_of_reach_for_scripts_and_other_sites_forms() {
    let shop = Shop::start();
    let cookie = Visitor::of(&shop).sign_in("owner", &shop.password()).header("set-cookie").join("\n");
    let (session, attributes) = cookie.split_once("; ").unwrap();
    assert!(session.starts_with("shop_session="), "{cookie}");
    let mut attributes: Vec<&str> = attributes.split("; ").collect();
    attributes.sort_unstable();
    assert_eq!(attributes, ["HttpOnly", "Max-Age=28800", "Path=/", "SameSite=Lax"]);
}

#[test]
fn a_session_id_that_was_there_before_is_not_signed_in() {
    let shop = Shop::start();
    let known = session_of(&Visitor::of(&shop).sign_in("other", &shop.password()));
    for planted in [known.as_str(), "shop_session=AAAAAAAAAAAAAAAAAAAAAA", "shop_session=no-id"] {
        let form = format!("user=owner&password={}", shop.password());
        let mut curl = shop.curl("POST", "/sign-in");
        let answer = Answer::of(curl.args(["-H", OWN_PAGE, "-H", &format!("Cookie: {planted}"), "-d", &form]));
        assert_eq!(answer.status, 303);
        let fresh = session_of(&answer);
        assert_ne!(fresh, planted);
        let sell = |cookie: &str| shop.request("GET", "/sell", &[format!("Cookie: {cookie}")]);
        assert!(sell(&fresh).body.contains("owner, store-42"));
        assert_eq!(sell(planted).status, 303, "{planted}");
    }
}

#[test]
fn after_signing_in_one_is_led_within_the_shop_only() {
    let shop = Shop::start();
    for (next, led) in [
        ("/sell", "/sell"),
        (SETUP, SETUP),
        ("/setup/personal-tokens/?a=b#ended", "/setup/personal-tokens/?a=b#ended"),
        ("", "/"),
        ("sell", "/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("///evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("\\\\evil.example/", "/"),
        ("/\t/evil.example/", "/"),
        ("/\n/evil.example/", "/"),
        (" //evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("/sell\r\nSet-Cookie: a=b", "/"),
        ("/\u{ff0f}evil.example", "/"),
    ] {
        let visitor = Visitor::of(&shop);
        let form = [("user", "owner"), ("password", &*shop.password()), ("next", next)];
        assert_eq!(visitor.send("/sign-in", &form).header("location"), [led], "{next:?}");
        // Nor does the form carry it on.
        let mut curl = visitor.curl("GET", "/sign-in");
        let form = Answer::of(curl.args(["-G", "--data-urlencode", &format!("next={next}")]));
        assert!(form.body.contains(&format!("name=next value=\"{led}\"")), "{next:?}: {}", form.body);
    }
}

#[test]
fn forms_that_other_sites_send_change_nothing() {
    let shop = Shop::start();
    let same_host = format!("Origin: http://{}", shop.addr);
    let forms = ["/sign-in", "/sign-out", "/sell"];
    for (headers, taken) in [
        (vec![], false),
        (vec!["Sec-Fetch-Site: cross-site"], false),
        (vec!["Sec-Fetch-Site: same-site"], false),
        (vec!["Sec-Fetch-Site: none"], false),
        (vec!["Origin: null"], false),
        (vec!["Origin: http://evil.example"], false),
        (vec!["Origin: https://evil.example", "Referer: http://127.0.0.1/"], false),
        (vec!["Sec-Fetch-Site: cross-site", &same_host], false),
        (vec!["Sec-Fetch-Site: same-origin"], true),
        (vec![&*same_host], true),
    ] {
        for path in forms {
            let visitor = Visitor::signed_in(&shop, "owner");
            let form = format!("user=other&password={}&product=Tea", shop.password());
            let mut curl = visitor.curl("POST", path);
            curl.args(["-d", &form]).args(headers.iter().flat_map(|header| ["-H", *header]));
            let answer = Answer::of(&mut curl);
            assert_eq!(answer.status == 403, !taken, "{path} {headers:?}: {}", answer.status);
            if !taken {
                assert_eq!(answer.header("set-cookie"), Vec::<String>::new());
                assert!(visitor.get("/sell").body.contains("owner, store-42"), "{path} {headers:?}");
            }
        }
    }
}

#[test]
fn a_password_is_made_up_at_each_start_unless_the_environment_says_one() {
    let (first, second) = (Shop::start().password(), Shop::start().password());
    assert_ne!(first, second);
    assert!(first.len() >= 12 && second.len() >= 12, "{first} {second}");

    let said = "correct horse & bätterie <staple>";
    let mut shop = Shop::start_with(&[("SHOP_PASSWORD", said.as_ref())]);
    let visitor = Visitor::of(&shop);
    assert_eq!(visitor.sign_in("owner", &first).status, 403);
    assert_eq!(visitor.sign_in("owner", said).status, 303);
    assert_eq!(visitor.get("/sell").status, 200);
    drop(visitor);
    let hint = shop.greeting.iter().find(|line| line.starts_with("sign in at ")).unwrap();
    let as_whom =
        format!("sign in at http://{}/ as owner, other or clerk, with the password that SHOP_PASSWORD says", shop.addr);
    assert_eq!(hint, &as_whom);
    shop.command("list");
    shop.send("TERM");
    assert!(shop.stopped().success());
    let all = [shop.greeting.join("\n"), shop.rest()].concat();
    assert!(all.ends_with("stopped") && !all.contains("correct horse"), "{all}");
}

#[test]
fn a_setting_that_makes_no_sense_is_said_in_one_sentence_with_a_failing_exit() {
    for (name, value, said) in [
        ("SHOP_CONFIRM", OsStr::new("soon"), "SHOP_CONFIRM: \"soon\" is no span of time: 2s, 10m, 24h, 30d are\n"),
        ("SHOP_PASSWORD", OsStr::from_bytes(b"\xff"), "SHOP_PASSWORD is to be a password in UTF-8\n"),
    ] {
        let shop = Shop::command_line("127.0.0.1:0").env(name, value).output().unwrap();
        assert!(!shop.status.success());
        assert_eq!(String::from_utf8(shop.stderr).unwrap(), said);
    }
}

/// `name=value` of the cookie that an answer sets.
fn session_of(answer: &Answer) -> String {
    let cookie = answer.header("set-cookie").join("\n");
    cookie.split(';').next().unwrap().to_owned()
}
