"""Imports by python-glanceclient: import_by_glanceclient.py URL TARGET SOURCE_REGION SOURCE. Credentials as in an openrc."""
import json
import os
import sys
import time

import glanceclient
from keystoneauth1 import session
from keystoneauth1.identity import v3

url, target, region, source = sys.argv[1:]
auth = v3.Password(
    auth_url=os.environ['OS_AUTH_URL'],
    username=os.environ['OS_USERNAME'],
    password=os.environ['OS_PASSWORD'],
    project_name=os.environ['OS_PROJECT_NAME'],
    user_domain_id='default',
    project_domain_id='default',
)
glance = glanceclient.Client('2', session=session.Session(auth=auth), endpoint_override=url)
glance.images.image_import(target, 'glance-download', remote_region=region, remote_image_id=source)
while True:
    task = glance.images.get_associated_image_tasks(target)['tasks'][-1]
    if task['status'] in ('success', 'failure'):
        break
    time.sleep(0.5)
print(json.dumps({
    'task': task,
    'methods': glance.images.get_import_info()['import-methods']['value'],
}))
