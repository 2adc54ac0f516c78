//! The program as far as it can die: services on a real database, a look at its tables from beside.

use super::dice::Marked;
use super::post::Post;
use crate::support::app::{Kind, start_of_time};
use crate::support::{app, postgres};
use kartlegging::app::{database, library};
use kartlegging::crypto::ring::KeyRing;
use kartlegging::domain::clock::testing::{MovableClock, SeededEntropy};
use kartlegging::services::library::Library;
use kartlegging::services::{Rules, Services, startup};
use kartlegging::storage::{self, watch::Watch};
use sea_orm::{ConnectionTrait, DatabaseConnection, QueryResult, Statement};
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use tempfile::TempDir;

/// What survives the program: keys, clock, disk.
pub struct Machine {
    pub kind: Kind,
    pub clock: Arc<MovableClock>,
    pub entropy: Arc<SeededEntropy>,
    /// Where mails go.
    pub post: Rc<Post>,
    folder: TempDir,
    url: String,
    ring: Arc<KeyRing>,
    library: Arc<Library>,
    lives: usize,
}

impl Machine {
    /// A machine without anything on it.
    pub async fn new(kind: Kind, seed: u64) -> Self {
        // In memory where there is such a folder: what is proven here is order, not the disk.
        let memory = PathBuf::from("/dev/shm");
        let folder = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() }.expect("folder");
        let entropy = Arc::new(SeededEntropy::new(seed));
        let ring = KeyRing::from_entries(KeyRing::generate(entropy.as_ref())).expect("keys");
        let url = match kind {
            Kind::Sqlite => format!("sqlite://{}", folder.path().join("life-0.db").display()),
            Kind::Postgres => postgres::database().await,
        };
        let forms = library(&app::settings(&url, folder.path())).expect("forms");
        let clock = Arc::new(MovableClock::at(start_of_time()));
        let post = Rc::new(Post::new(folder.path().join("mail")));
        Self { kind, clock, entropy, post, folder, url, ring: Arc::new(ring), library: Arc::new(forms), lives: 0 }
    }

    /// Starts the program.
    pub async fn start(&self) -> Process {
        let mut settings = app::settings(&self.url, self.folder.path());
        settings.database_connections = 4;
        let db = database(&settings, true).await.expect("database");
        let rules = Rules { allow_synthetic_persons: true, ..settings.rules() };
        let (clock, entropy) = (Arc::clone(&self.clock) as _, Arc::clone(&self.entropy) as _);
        let services = Services::new(db, Arc::clone(&self.ring), clock, entropy, Library::default(), rules);
        let services = Services { library: Arc::clone(&self.library), ..services }.with_mail(Some(self.post.mailer()));
        startup::check(&services).await.expect("it starts");
        let beside = storage::beside(&self.url).await.expect("a connection beside the program");
        Process { services, beside, kind: self.kind }
    }

    fn file(&self, life: usize) -> PathBuf {
        self.folder.path().join(format!("life-{life}.db"))
    }

    /// Keeps what a process that dies now leaves on the disk: the next start finds that and no more.
    pub fn die(&mut self) {
        if self.kind == Kind::Postgres {
            return;
        }
        for end in ["", "-wal"] {
            let from = PathBuf::from(format!("{}{end}", self.file(self.lives).display()));
            let to = PathBuf::from(format!("{}{end}", self.file(self.lives + 1).display()));
            if from.exists() {
                std::fs::copy(from, to).expect("copied");
            }
        }
        self.lives += 1;
        self.url = format!("sqlite://{}", self.file(self.lives).display());
    }

    /// Every byte of the database; none on PostgreSQL.
    pub fn bytes(&self) -> Vec<u8> {
        let mut all = Vec::new();
        for end in ["", "-wal"] {
            all.extend(std::fs::read(format!("{}{end}", self.file(self.lives).display())).unwrap_or_default());
        }
        all
    }
}

/// A running program.
pub struct Process {
    pub services: Services,
    pub kind: Kind,
    beside: DatabaseConnection,
}

impl Process {
    /// The services as one operation gets them.
    pub fn services_for(&self, watch: Arc<dyn Watch>, entropy: Arc<SeededEntropy>, mark: u32) -> Services {
        let own = self.services.clone();
        Services { db: own.db.watched(watch), entropy: Arc::new(Marked::new(entropy, mark)), ..self.services.clone() }
    }

    /// Waits until every unit of work that was asked for before is over.
    pub async fn quiet(&self) {
        let nothing = self.services.db.write((), |(), _| Box::pin(async { Ok::<_, kartlegging::storage::StorageError>(()) }));
        nothing.await.expect("an empty unit of work");
    }

    /// Rows, seen from beside the program.
    pub async fn query(&self, query: &str) -> Vec<QueryResult> {
        let statement = Statement::from_string(self.beside.get_database_backend(), query);
        self.beside.query_all_raw(statement).await.expect(query)
    }

    /// Lets the database refuse a statement on a table.
    pub async fn set_trap(&self, (verb, table): (&str, &str)) {
        let statement = match self.kind {
            Kind::Sqlite => format!("CREATE TRIGGER trap BEFORE {verb} ON {table} BEGIN SELECT RAISE(ABORT, 'trap'); END"),
            Kind::Postgres => format!(
                "CREATE OR REPLACE FUNCTION trap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trap'; END $$; \
                 CREATE TRIGGER trap BEFORE {verb} ON {table} FOR EACH ROW EXECUTE FUNCTION trap()"
            ),
        };
        self.beside.execute_unprepared(&statement).await.expect("trap");
    }

    /// Takes it away.
    pub async fn take_trap(&self, (_, table): (&str, &str)) {
        let statement = match self.kind {
            Kind::Sqlite => "DROP TRIGGER IF EXISTS trap".to_owned(),
            Kind::Postgres => format!("DROP TRIGGER IF EXISTS trap ON {table}"),
        };
        self.beside.execute_unprepared(&statement).await.expect("trap");
    }
}
