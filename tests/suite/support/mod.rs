//! Starts the application as it runs for real, on both databases, and checks every answer that any
//! test sees against `openapi.yaml`.
//!
//! `on_both! { async fn name(app: TestApp) { … } }` makes two tests, `name::sqlite` and
//! `name::postgres`.

pub mod app;
pub mod aria;
pub mod browser;
pub mod child;
pub mod contract;
pub mod form;
pub mod html;
pub mod issuer;
pub mod limit;
pub mod mail;
pub mod postgres;
pub mod program;
pub mod provider;
pub mod sql;
pub mod world;

pub use app::TestApp;

/// A test on both databases.
#[macro_export]
macro_rules! on_both {
    ($(#[$meta:meta])* async fn $name:ident($app:ident: TestApp) $body:block) => {
        $(#[$meta])*
        mod $name {
            use super::*;

            async fn test($app: $crate::support::TestApp) $body

            #[test]
            fn sqlite() {
                $crate::support::app::run($crate::support::app::Kind::Sqlite, test);
            }

            #[test]
            fn postgres() {
                $crate::support::app::run($crate::support::app::Kind::Postgres, test);
            }
        }
    };
}
