//! The store keeps the contract of `TokenStore`.

personal_tokens::conformance_tests!(|| async { personal_tokens_integrator::MapStore::default() });
