// Calls of a page to a FHIR server.
export const call = async (address, token, body) => {
  const headers = { Accept: 'application/fhir+json', Authorization: `Bearer ${token}`, ...(body && { 'Content-Type': 'application/fhir+json' }) };
  const answer = await fetch(address, { method: body ? 'POST' : 'GET', headers, body: body && JSON.stringify(body) });
  return { status: answer.status, location: answer.headers.get('location'), etag: answer.headers.get('etag'), body: await answer.json() };
};

/** The form with that address. */
export const find = async (fhir, form, token) => {
  const { status, body } = await call(`${fhir}/Questionnaire?url=${encodeURIComponent(form)}`, token);
  if (status !== 200 || body.total !== 1) throw new Error(`${form}: ${status}, ${body.total} found`);
  return body.entry[0].resource;
};
