"""Reads one resource of FHIR a line, holds each to the models of fhir.resources (R4B, which has the same
elements as R4 for what is served here), and says what is wrong with which."""

import json
import sys

from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

wrong = 0
for number, line in enumerate(sys.stdin, 1):
    resource = json.loads(line)
    kind = resource["resourceType"]
    try:
        get_fhir_model_class(kind).model_validate(resource)
    except (ValidationError, KeyError, ValueError) as error:
        wrong += 1
        print(f"line {number}, {kind}/{resource.get('id')}: {error}")
sys.exit(1 if wrong else 0)
