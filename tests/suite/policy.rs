//! Actor × action: the whole of `domain::policy::decide` in one table, without a gap.

use kartlegging::domain::actor::{Actor, ClientActor, ClinicianActor, Grant, HolderActor, Role, Scope, Width};
use kartlegging::domain::ids::{ClientId, ClinicianId, InvitationId, OrganizationId, PatientId, SessionId, UnitId};
use kartlegging::domain::policy::{Action, Denied, Ground, Resource, confined, decide, may_ever, unconfined};
use std::collections::BTreeSet;
use uuid::Uuid;

const UNIT: UnitId = UnitId(Uuid::from_u128(10));
const OTHER_UNIT: UnitId = UnitId(Uuid::from_u128(11));
const ORGANIZATION: OrganizationId = OrganizationId(Uuid::from_u128(1));

fn client(scopes: &[Scope]) -> Actor {
    as_wide(scopes, Width::Organization)
}

fn as_wide(scopes: &[Scope], width: Width) -> Actor {
    let scopes = scopes.iter().copied().collect();
    Actor::Client(ClientActor { id: ClientId(Uuid::from_u128(2)), organization: ORGANIZATION, scopes, width })
}

fn person(grants: &[(Role, Option<UnitId>)]) -> Actor {
    let grants: BTreeSet<Grant> = grants.iter().map(|(role, unit)| Grant { role: *role, unit: *unit }).collect();
    Actor::Clinician(ClinicianActor { id: ClinicianId(Uuid::from_u128(3)), organization: ORGANIZATION, grants, assurance: None })
}

fn actor(name: &str) -> Actor {
    let others = |left_out: Scope| client(&Scope::ALL.into_iter().filter(|scope| *scope != left_out).collect::<Vec<_>>());
    match name {
        "client" => client(&Scope::ALL),
        "client without scopes" => client(&[]),
        "client without invitations:write" => others(Scope::InvitationsWrite),
        "client without invitations:read" => others(Scope::InvitationsRead),
        "client without responses:read" => others(Scope::ResponsesRead),
        "client without responses:write" => others(Scope::ResponsesWrite),
        "client without patients:read" => others(Scope::PatientsRead),
        "client without letters:render" => others(Scope::LettersRender),
        "client without messages:render" => others(Scope::MessagesRender),
        "client without deliveries:manage" => others(Scope::DeliveriesManage),
        "client without statistics:read" => others(Scope::StatisticsRead),
        "clinician" => person(&[(Role::Clinician, Some(UNIT))]),
        "clinician elsewhere" => person(&[(Role::Clinician, Some(OTHER_UNIT))]),
        "unit_admin" => person(&[(Role::UnitAdmin, Some(UNIT))]),
        "unit_admin elsewhere" => person(&[(Role::UnitAdmin, Some(OTHER_UNIT))]),
        "admin here, clinician there" => person(&[(Role::UnitAdmin, Some(UNIT)), (Role::Clinician, Some(OTHER_UNIT))]),
        "organization_admin" => person(&[(Role::OrganizationAdmin, None)]),
        "auditor" => person(&[(Role::Auditor, None)]),
        "without roles" => person(&[]),
        "holder" => Actor::Holder(HolderActor {
            session: SessionId(Uuid::from_u128(4)),
            invitation: InvitationId(Uuid::from_u128(5)),
            organization: ORGANIZATION,
        }),
        "system" => Actor::System { organization: ORGANIZATION },
        other => panic!("{other}"),
    }
}

const ACTIONS: [Action; 17] = [
    Action::ManageInvitations,
    Action::IssueBatch,
    Action::ReadInvitation,
    Action::RenderLetter,
    Action::ReadWorklist,
    Action::ReadAnswers,
    Action::Review,
    Action::EnterPaper,
    Action::HandIn,
    Action::SearchPatients,
    Action::ReadAccessLog,
    Action::ReadQuestionnaires,
    Action::RenderMessage,
    Action::ManageDeliveries,
    Action::ReadStatistics,
    Action::Subscribe,
    Action::Answer,
];

/// `+` allowed, `S` scope missing, `R` role missing, `G` a ground is asked for and then enough.
#[rustfmt::skip]
const TABLE: [(&str, [&str; 17]); 21] = [
    //                                  manage batch read  lett  work  answ  revi  paper hand  sear  log   forms sms   deliv stat  told  answer
    ("client",                           ["+",  "+",  "+",  "+",  "R",  "+",  "R",  "R",  "+",  "+",  "R",  "+",  "+",  "+",  "+",  "+",  "R"]),
    ("client without scopes",            ["S",  "S",  "S",  "S",  "R",  "S",  "R",  "R",  "S",  "S",  "R",  "+",  "S",  "S",  "S",  "S",  "R"]),
    ("client without invitations:write", ["S",  "S",  "+",  "+",  "R",  "+",  "R",  "R",  "+",  "+",  "R",  "+",  "+",  "+",  "+",  "+",  "R"]),
    ("client without invitations:read",  ["+",  "+",  "+",  "+",  "R",  "+",  "R",  "R",  "+",  "+",  "R",  "+",  "+",  "+",  "+",  "+",  "R"]),
    ("client without responses:read",    ["+",  "+",  "+",  "+",  "R",  "S",  "R",  "R",  "+",  "+",  "R",  "+",  "+",  "+",  "+",  "S",  "R"]),
    ("client without responses:write",   ["+",  "+",  "+",  "+",  "R",  "+",  "R",  "R",  "S",  "+",  "R",  "+",  "+",  "+",  "+",  "+",  "R"]),
    ("client without patients:read",     ["+",  "+",  "+",  "+",  "R",  "+",  "R",  "R",  "+",  "S",  "R",  "+",  "+",  "+",  "+",  "+",  "R"]),
    ("client without letters:render",    ["+",  "+",  "+",  "S",  "R",  "+",  "R",  "R",  "+",  "+",  "R",  "+",  "+",  "+",  "+",  "+",  "R"]),
    ("client without messages:render",   ["+",  "+",  "+",  "+",  "R",  "+",  "R",  "R",  "+",  "+",  "R",  "+",  "S",  "+",  "+",  "+",  "R"]),
    ("client without deliveries:manage", ["+",  "+",  "+",  "+",  "R",  "+",  "R",  "R",  "+",  "+",  "R",  "+",  "+",  "S",  "+",  "+",  "R"]),
    ("client without statistics:read",   ["+",  "+",  "+",  "+",  "R",  "+",  "R",  "R",  "+",  "+",  "R",  "+",  "+",  "+",  "S",  "+",  "R"]),
    ("clinician",                        ["+",  "R",  "+",  "+",  "+",  "+",  "+",  "+",  "R",  "+",  "R",  "+",  "R",  "R",  "R",  "R",  "R"]),
    ("clinician elsewhere",              ["R",  "R",  "R",  "R",  "R",  "G",  "G",  "R",  "R",  "+",  "R",  "+",  "R",  "R",  "R",  "R",  "R"]),
    ("unit_admin",                       ["+",  "R",  "+",  "+",  "R",  "R",  "R",  "R",  "R",  "R",  "+",  "+",  "R",  "R",  "+",  "R",  "R"]),
    ("unit_admin elsewhere",             ["R",  "R",  "R",  "R",  "R",  "R",  "R",  "R",  "R",  "R",  "R",  "+",  "R",  "R",  "R",  "R",  "R"]),
    ("admin here, clinician there",      ["+",  "R",  "+",  "+",  "R",  "G",  "G",  "R",  "R",  "+",  "+",  "+",  "R",  "R",  "+",  "R",  "R"]),
    ("organization_admin",               ["R",  "R",  "R",  "R",  "R",  "R",  "R",  "R",  "R",  "R",  "+",  "+",  "R",  "+",  "+",  "R",  "R"]),
    ("auditor",                          ["R",  "R",  "R",  "R",  "R",  "R",  "R",  "R",  "R",  "R",  "+",  "+",  "R",  "R",  "R",  "R",  "R"]),
    ("without roles",                    ["R",  "R",  "R",  "R",  "R",  "R",  "R",  "R",  "R",  "R",  "R",  "+",  "R",  "R",  "R",  "R",  "R"]),
    ("holder",                           ["R",  "R",  "R",  "R",  "R",  "R",  "R",  "R",  "R",  "R",  "R",  "R",  "R",  "R",  "R",  "R",  "+"]),
    ("system",                           ["+",  "+",  "+",  "+",  "+",  "+",  "+",  "+",  "+",  "+",  "+",  "+",  "+",  "+",  "+",  "+",  "+"]),
];

fn outcome(actor: &Actor, action: Action, units: &[UnitId], stated: Option<Ground>) -> &'static str {
    match decide(actor, action, Resource { stated, ..Resource::in_units(units) }) {
        Ok(_) => "+",
        Err(Denied::Scope(_)) => "S",
        Err(Denied::Role) => "R",
        Err(Denied::GroundRequired) => "G",
        Err(Denied::OnePatient) => "P",
        Err(Denied::PatientUnnamed) => "N",
    }
}

#[test]
fn every_actor_and_action_is_decided() {
    assert_eq!(ACTIONS.len(), Action::ALL.len());
    assert!(Action::ALL.iter().all(|action| ACTIONS.contains(action)), "an action has no column");
    for (name, row) in TABLE {
        let actor = actor(name);
        for (action, expected) in ACTIONS.into_iter().zip(row) {
            assert_eq!(outcome(&actor, action, &[UNIT], None), expected, "{name}: {action:?}");
            // A stated ground opens only what asks for one, and is what the log then records.
            for stated in Ground::STATED {
                let with = outcome(&actor, action, &[UNIT], Some(stated));
                assert_eq!(with, if expected == "G" { "+" } else { expected }, "{name}: {action:?} on {stated:?}");
                if expected == "G" {
                    assert_eq!(decide(&actor, action, Resource { stated: Some(stated), ..Resource::in_units(&[UNIT]) }), Ok(stated));
                }
            }
        }
    }
}

#[test]
fn without_a_unit_in_common_nobody_has_a_care_relation() {
    let nurse = actor("clinician");
    for action in ACTIONS {
        let expected = match action {
            Action::ReadAnswers | Action::Review => "G",
            Action::SearchPatients | Action::ReadQuestionnaires => "+",
            _ => "R",
        };
        assert_eq!(outcome(&nurse, action, &[], None), expected, "{action:?}");
    }
    let one_of_two = [OTHER_UNIT, UNIT];
    assert_eq!(outcome(&nurse, Action::ReadAnswers, &one_of_two, None), "+");
}

#[test]
fn the_missing_scope_is_named() {
    for (action, scope) in [
        (Action::ManageInvitations, Scope::InvitationsWrite),
        (Action::ReadInvitation, Scope::InvitationsRead),
        (Action::ReadAnswers, Scope::ResponsesRead),
        (Action::SearchPatients, Scope::PatientsRead),
        (Action::RenderLetter, Scope::LettersRender),
        (Action::RenderMessage, Scope::MessagesRender),
        (Action::ManageDeliveries, Scope::DeliveriesManage),
        (Action::ReadStatistics, Scope::StatisticsRead),
        (Action::Subscribe, Scope::ResponsesRead),
    ] {
        let denied = decide(&client(&[]), action, Resource::in_units(&[UNIT]));
        assert_eq!(denied, Err(Denied::Scope(scope)));
    }
}

const OWN: PatientId = PatientId(Uuid::from_u128(20));
const OTHER: PatientId = PatientId(Uuid::from_u128(21));

#[test]
fn a_token_for_one_patient_is_good_for_what_is_said_to_be_about_that_one() {
    let (one, nobody) = (as_wide(&Scope::ALL, Width::Patient(OWN)), as_wide(&Scope::ALL, Width::Nobody));
    for action in ACTIONS {
        let wide = decide(&client(&Scope::ALL), action, Resource::in_units(&[UNIT]));
        let about_nobody = action == Action::ReadQuestionnaires;
        for (patient, is_own) in [(None, false), (Some(OTHER), false), (Some(OWN), true)] {
            let about = Resource { patient, ..Resource::in_units(&[UNIT]) };
            let (narrow, unnamed) = match wide {
                Ok(_) if !about_nobody => (if is_own { wide } else { Err(Denied::OnePatient) }, Err(Denied::PatientUnnamed)),
                same => (same, same),
            };
            assert_eq!(decide(&one, action, about), narrow, "{action:?} about {patient:?}");
            assert_eq!(decide(&nobody, action, about), unnamed, "{action:?} about {patient:?} for nobody");
        }
        // What asks nothing more is shut, and what asks is told who.
        assert_eq!(may_ever(&one, action).is_ok(), about_nobody, "{action:?}");
        assert_eq!(confined(&one, action).ok(), wide.ok().map(|_| Some(OWN)), "{action:?}");
        assert_eq!(confined(&client(&[]), action), Ok(None), "{action:?}");
        assert_eq!(confined(&nobody, action).is_ok(), about_nobody, "{action:?}");
    }
    assert_eq!((unconfined(&one), unconfined(&nobody)), (Err(Denied::OnePatient), Err(Denied::PatientUnnamed)));
    for wide in ["client", "clinician", "auditor", "holder", "system"] {
        assert_eq!((unconfined(&actor(wide)), confined(&actor(wide), Action::ReadAnswers)), (Ok(()), Ok(None)), "{wide}");
    }
    let poor = as_wide(&[Scope::PatientsRead], Width::Patient(OWN));
    assert_eq!(confined(&poor, Action::ReadAnswers), Err(Denied::Scope(Scope::ResponsesRead)));
    assert_eq!(decide(&poor, Action::ReadAnswers, Resource::of(OWN)), Err(Denied::Scope(Scope::ResponsesRead)));
}
