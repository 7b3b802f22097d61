//! The excerpts of the manual's page on a store of one's own stand in the example, or its test, line by line.

/// Where an excerpt may come from.
const SOURCES: [&str; 3] = [
    include_str!("../examples/custom_store.rs"),
    include_str!("../examples/custom_store/row.rs"),
    include_str!("the_redb_example_keeps_the_contract.rs"),
];

/// Its lines, however they are indented.
fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
}

#[test]
fn each_excerpt_stands_in_the_example() {
    let page = include_str!("../src/manual/your_own_store.md");
    let excerpts: Vec<&str> =
        page.split("```rust,ignore\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(excerpts.len() >= 5, "the page has {} excerpts", excerpts.len());
    for excerpt in excerpts {
        let wanted = lines(excerpt);
        let stands = |source: &&str| lines(source).windows(wanted.len()).any(|part| part == wanted);
        assert!(SOURCES.iter().any(stands), "this stands nowhere in the example:\n{excerpt}");
    }
}
