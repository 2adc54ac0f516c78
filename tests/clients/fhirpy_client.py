"""What fhirpy does as a client, one part a run: `fhirpy_client.py PART < GIVEN`. It ends with an error where
the server did anything else than it should."""

import asyncio
import copy
import json
import sys
from contextlib import contextmanager

from fhirpy import AsyncFHIRClient
from fhirpy.base.exceptions import AuthorizationError, ForbiddenError, MultipleResourcesFound, OperationOutcome, ResourceNotFound

FORM = "https://kartlegging.example/fhir/Questionnaire/distress-thermometer|1.0.0"
KIND = "QuestionnaireResponse"
GIVEN = json.load(sys.stdin)


def client(token=GIVEN["tokens"]["filler"], **headers):
    authorization = f"Bearer {token}" if token else None
    return AsyncFHIRClient(GIVEN["fhir"], authorization=authorization, extra_headers=headers or None)


def same(left, right):
    if left != right:
        sys.exit(f"expected {right}\n but got {left}")


def meaning(items):
    """Link id and codes or texts of everything that was answered, in order."""
    found = []
    for item in items or []:
        answers = [one["valueCoding"]["code"] if "valueCoding" in one else one["valueString"] for one in item.get("answer", [])]
        found += [(item["linkId"], answers)] if answers else []
        found += meaning(item.get("item"))
    return found


def answering(nth, name="heavy"):
    based_on = [{"reference": f"Task/{GIVEN['invitations'][nth]['id']}"}]
    return {"status": "completed", "questionnaire": FORM, "basedOn": based_on, "item": copy.deepcopy(GIVEN["examples"][name]["item"])}


@contextmanager
def refused(kind, *words):
    """That a call fails as this kind of error, in which these words stand."""
    try:
        yield
    except kind as error:
        said = str(error)
        for word in words:
            if word not in said:
                sys.exit(f"{word} does not stand in {said}")
        return
    sys.exit(f"not refused as {kind.__name__}")


async def reads():
    fhir = client()
    can = await fhir.execute("metadata", method="get")
    same((can["fhirVersion"], can["rest"][0]["mode"]), ("4.0.1", "server"))
    form = await fhir.reference("Questionnaire", "distress-thermometer-1.0.0").to_resource()
    same(f"{form['url']}|{form['version']}", FORM)
    found = await fhir.resources("Questionnaire").search(url=FORM.split("|")[0]).get()
    same(found.serialize(), form.serialize())
    same(await fhir.resources("Questionnaire").search(url="https://forms.example/none").first(), None)
    invited = GIVEN["invitations"][0]
    task = await fhir.resources("Task").search(_id=invited["id"]).get()
    same((task["status"], task["for"]["reference"]), ("requested", f"Patient/{invited['patient']}"))
    patient = await task["for"].to_resource()
    same((patient["birthDate"], patient.id), ("1947-10-14", invited["patient"]))
    context = {"name": "context", "part": [{"name": "name", "valueString": "task"}, {"name": "content", "valueReference": {"reference": f"Task/{invited['id']}"}}]}
    told = await fhir.execute("Questionnaire/$populate", data={"resourceType": "Parameters", "parameter": [context]})
    blank = fhir.resource(**{**told["parameter"][0]["resource"], "resource_type": KIND})
    same((blank["status"], blank["subject"]["reference"], meaning(blank["item"])), ("in-progress", f"Patient/{invited['patient']}", []))


async def writes():
    fhir = client()
    response = fhir.resource(KIND, **answering(0))
    same(await response.is_valid(), True)
    await response.save()
    same((response["meta"]["versionId"], meaning(response["item"])), ("1", meaning(GIVEN["examples"]["heavy"]["item"])))
    read = await fhir.get(KIND, response.id)
    same(json.loads(json.dumps(read)), json.loads(json.dumps(response.serialize())))
    await response.refresh()
    same(response["meta"]["versionId"], "1")

    # An update says which version was seen, which fhirpy sends only where it is told to.
    first = response.serialize()
    response["item"], response["status"] = answering(0, "light")["item"], "amended"
    with refused(OperationOutcome, "if-match-required"):
        await response.save()
    # It takes every 412 for a search that found several.
    late = client(**{"If-Match": 'W/"2"'}).resource(KIND, **{name: value for name, value in response.serialize().items() if name != "resourceType"})
    with refused(MultipleResourcesFound, "resource-changed"):
        await late.save()
    seen = client(**{"If-Match": 'W/"1"'}).resource(KIND, **{name: value for name, value in response.serialize().items() if name != "resourceType"})
    await seen.save()
    same((seen["meta"]["versionId"], seen["status"], meaning(seen["item"])), ("2", "amended", meaning(GIVEN["examples"]["light"]["item"])))
    history = await fhir.execute(f"{KIND}/{response.id}/_history", method="get")
    same([entry["resource"]["meta"]["versionId"] for entry in history["entry"]], ["2", "1"])
    same(json.loads(json.dumps(history["entry"][1]["resource"])), json.loads(json.dumps(first)))

    # A condition spares a second one.
    one = fhir.resource(KIND, **answering(1))
    conditional = client(**{"If-None-Exist": f"based-on={GIVEN['invitations'][1]['id']}"})
    made = await conditional.resource(KIND, **answering(1)).save()
    again = await conditional.resource(KIND, **answering(1)).save()
    same((made.id, await one.is_valid()), (again.id, True))


async def pages():
    fhir = client()
    made = [await fhir.resource(KIND, **answering(nth, name)).save() for nth, name in enumerate(["heavy", "light", "heavy", "light", "light"])]
    patient = GIVEN["invitations"][0]["patient"]
    search = fhir.resources(KIND).search(patient=f"Patient/{patient}").limit(2).sort("-authored")
    same([len(page["entry"]) for page in [await search.fetch_raw()]], [2])
    found = await search.fetch_all()
    same([one["authored"] for one in found], sorted((one["authored"] for one in made), reverse=True))
    same({one.id: meaning(one["item"]) for one in found}, {one.id: meaning(one["item"]) for one in made})
    same(len(await fhir.resources(KIND).search(patient=patient, authored__ge="2026").fetch_all()), 5)
    same(await fhir.resources(KIND).search(patient=patient, authored__lt="2026").fetch_all(), [])
    raw = await fhir.resources(KIND).search(patient=patient).include(KIND, "subject").fetch_raw()
    same([entry["resource"].id for entry in raw["entry"] if entry["search"]["mode"] == "include"], [patient])
    # Its count asks with a parameter that is not FHIR's, which is refused unless it is to be let pass.
    with refused(OperationOutcome, "_totalMethod"):
        await fhir.resources(KIND).search(patient=patient).count()
    same(await client(Prefer="handling=lenient").resources(KIND).search(patient=patient).count(), 5)


async def refused_calls():
    fhir = client()
    body = answering(0)
    body["item"][0]["item"][0]["answer"][0]["valueCoding"]["code"] = "11"
    wrong = fhir.resource(KIND, **body)
    same(await wrong.is_valid(), False)
    try:
        await wrong.save()
        sys.exit("a wrong answer was taken")
    except OperationOutcome as error:
        issue = error.resource["issue"][0]
        place = "QuestionnaireResponse.item.where(linkId='distress').item.where(linkId='score')"
        same((issue["severity"], issue["details"]["coding"][0]["code"], issue["expression"]), ("error", "invalidAnswerOption", [place]))
    same(await fhir.resources(KIND).search(based_on=GIVEN["invitations"][0]["id"]).fetch_all(), [])
    with refused(ResourceNotFound, "not-found"):
        await fhir.get(KIND, "0193a5d0-9000-7000-8000-000000000031")
    for token in [None, "not.a.token"]:
        with refused(AuthorizationError, "OperationOutcome"):
            await client(token).resources("Task").fetch()
    with refused(ForbiddenError, "scope-missing"):
        await client(GIVEN["tokens"]["narrow"]).resources(KIND).fetch()


PARTS = {"reads": reads, "writes": writes, "pages": pages, "refused": refused_calls}
asyncio.run(PARTS[sys.argv[1]]())
