# Cards in the record system.
card-service = Unread answers of the patient
card-description = Shows answers that nobody has marked as read when a patient’s record is opened.
card-requirements = Send the patient with a national identifier as prefetch. The service fetches nothing from the record system.
card-source = Kartlegging
card-link = Open the summary
card-summary = Unread answers, handed in { $date }.
card-summary-amended = Unread changes in answers, handed in { $date }.
