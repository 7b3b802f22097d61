//! What is compared is comparable: each peer says whose a credential is and what it may do, and refuses a forged one.

use personal_tokens_peers::{FixedBearer, Peer, SCOPE, for_each_peer, holders};

#[test]
fn each_knows_its_credentials_and_no_other() {
    for_each_peer!(judge, 20);
}

#[test]
fn a_fixed_token_has_no_owner() {
    assert!(FixedBearer::new("shop_1234", "shop_1234").accept());
    assert!(!FixedBearer::new("shop_1234", "shop_1235").accept());
}

fn judge<P: Peer>(count: usize) {
    let holders = holders(count);
    let (peer, credentials) = P::issue(&holders);
    for (holder, credential) in holders.iter().zip(&credentials) {
        let accepted = peer.accept(credential).unwrap_or_else(|| panic!("{} refuses its own", P::NAME));
        assert_eq!(P::owner(&accepted), &holder.owner, "{}", P::NAME);
        assert!(P::allows(&accepted, SCOPE), "{}", P::NAME);
        assert!(!P::allows(&accepted, "products:write"), "{}", P::NAME);

        assert!(peer.accept(&forged(credential)).is_none(), "{} accepts a forged one", P::NAME);
        assert!(peer.accept("").is_none(), "{} accepts nothing", P::NAME);
    }
    let (_, of_another) = P::issue(&holders);
    assert!(of_another.iter().all(|credential| peer.accept(credential).is_none()), "{}", P::NAME);
}

/// Another character near the end, where the secret or the signature stands.
fn forged(credential: &str) -> String {
    let at = credential.len() - 12;
    let other = if credential.as_bytes()[at] == b'A' { "B" } else { "A" };
    format!("{}{other}{}", &credential[..at], &credential[at + 1..])
}
