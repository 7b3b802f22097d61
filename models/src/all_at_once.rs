//! The longest: look-ups that join each other, a revocation, a bus and an eviction, in all orders.

use loom::sync::Arc;
use loom::thread;

use crate::flaw::Flaw;
use crate::node::Node;
use crate::told::Told;
use crate::trial::{holds, refuse};

fn model<const FINDS: usize>() {
    let (node, returned) = (Arc::new(Node::new()), Arc::new(Told::new()));
    let finds = [(); FINDS].map(|()| {
        let node = Arc::clone(&node);
        thread::spawn(move || _ = node.find_or_join(|| true))
    });
    let revoke = thread::spawn({
        let (node, returned) = (Arc::clone(&node), Arc::clone(&returned));
        move || {
            node.revoke();
            returned.tell();
        }
    });
    let others = thread::spawn({
        let node = Arc::clone(&node);
        move || {
            node.invalidate_all();
            node.evict();
        }
    });
    let (answer, had_returned) = node.find_or_join(|| returned.heard());
    if had_returned {
        refuse(answer);
    }
    for find in finds {
        find.join().unwrap();
    }
    revoke.join().unwrap();
    others.join().unwrap();
    refuse(node.find_or_join(|| true).0);
}

#[test]
fn what_was_read_before_is_not_answered() {
    holds(1, Flaw::None, model::<1>);
}

#[test]
#[ignore = "takes long: scripts/test --deep"]
fn what_was_read_before_is_not_answered_however_often_they_alternate() {
    holds(2, Flaw::None, model::<1>);
    holds(1, Flaw::None, model::<2>);
}
